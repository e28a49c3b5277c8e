import { type Node, parseTree } from 'jsonc-parser';

/**
 * The same text for the same request: members sorted, white space gone, strings in one spelling. Number literals stay as they
 * are written: `100` and `100.0` are different requests, because what they mean to the provider is not ours to say.
 * @param bytes JSON, already checked to be well-formed and without duplicate members
 */
export function canonicalJson(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  const root = parseTree(text, [], { disallowComments: true });
  return root ? render(root, text) : text;
}

function render(node: Node, text: string): string {
  const children = node.children ?? [];
  switch (node.type) {
    case 'object': {
      const members = children.map((member) => {
        const [name, value] = member.children ?? [];
        return { name: String(name?.value), value: value ? render(value, text) : 'null' };
      });
      members.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
      return `{${members.map((member) => `${JSON.stringify(member.name)}:${member.value}`).join(',')}}`;
    }
    case 'array':
      return `[${children.map((child) => render(child, text)).join(',')}]`;
    case 'number':
      return text.slice(node.offset, node.offset + node.length);
    case 'string':
    case 'boolean':
    case 'null':
    case 'property':
      return JSON.stringify(node.value);
  }
}
