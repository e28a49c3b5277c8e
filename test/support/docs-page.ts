import { runInNewContext } from 'node:vm';
import { docsScript, type DocsPage } from '../../src/http/docs-script.js';

/** What Swagger UI hands its data out in. */
interface Tree {
  getIn(path: readonly (string | number)[]): unknown;
  get(name: string): unknown;
  forEach(visit: (value: unknown, key: string) => void): void;
}

/** An answer as the page's script sees it: names of headers in lower case. */
interface Seen {
  url: string;
  text: string;
  headers: Record<string, string>;
}

/** The page of Swagger UI without its looks: the page's own script runs, and what it fills in and shows can be asked for. */
export interface FilledPage {
  /** What a field of the path holds; undefined when nothing was filled in. `operation` is `POST /orders/{id}/reconcile`. */
  field(operation: string, name: string): string | undefined;
  /** What the script wrote into a request's body. */
  body(operation: string): string | undefined;
  /** The link to what the shopper does next, while it is shown. */
  shopper(): string | undefined;
  /** Shows the page an answer to what was pressed on it. */
  learn(answer: Seen): void;
  /** The person comes back from another window. */
  focus(): void;
}

/**
 * @param scriptUrl where the page's script comes from: what it asks for by itself lies beside it
 * @param fetch what it asks with
 */
export function docsPage(document: object, demo: DocsPage['demo'], scriptUrl: string, fetch: typeof globalThis.fetch): FilledPage {
  const fields = new Map<string, string>();
  const bodies = new Map<string, string>();
  const kept = new Set<string>();
  let link: { href: string; style: { cssText: string } } | undefined;
  let learn: (answer: Seen) => unknown = () => undefined;
  let focus = (): void => undefined;
  const nameOf = (path: string, method: string): string => `${method.toUpperCase()} ${path}`;
  const swagger = Object.assign(
    (options: { responseInterceptor?: typeof learn; onComplete?: () => void }) => {
      learn = options.responseInterceptor ?? learn;
      return {
        preauthorizeBasic: () => undefined,
        specSelectors: { specJson: () => treeOf(document), specResolvedSubtree: () => undefined },
        specActions: {
          changeParamByIdentity: ([path = '', method = '']: string[], parameter: Tree, value: string) =>
            fields.set(`${nameOf(path, method)} ${String(parameter.get('name'))}`, value),
        },
        oas3Actions: {
          setRequestBodyValue: ({ value, pathMethod: [path = '', method = ''] }: { value: string; pathMethod: string[] }) =>
            bodies.set(nameOf(path, method), value),
          setRetainRequestBodyValueFlag: ({ value, pathMethod: [path = '', method = ''] }: { value: boolean; pathMethod: string[] }) =>
            value ? kept.add(nameOf(path, method)) : kept.delete(nameOf(path, method)),
        },
      };
    },
    { presets: { apis: [] } },
  );
  runInNewContext(docsScript({ document: '../docs-json', demo }), {
    ...{ SwaggerUIBundle: swagger, URL, btoa, fetch },
    document: {
      currentScript: { src: scriptUrl },
      getElementById: () => link ?? null,
      createElement: () => ({ style: {} }),
      body: { appendChild: (element: NonNullable<typeof link>) => (link = element) },
    },
    addEventListener: (_name: string, listener: () => void) => (focus = listener),
  });
  return {
    field: (operation, name) => fields.get(`${operation} ${name}`),
    // Swagger UI empties the field when it is first shown, unless it was told to keep what is there.
    body: (operation) => (kept.has(operation) ? bodies.get(operation) : undefined),
    shopper: () => (link === undefined || link.style.cssText === 'display:none' ? undefined : link.href),
    learn: (answer) => void learn(answer),
    focus: () => focus(),
  };
}

/** As immutable data is read: objects and lists are trees, the rest is itself. */
function treeOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const members = value as Readonly<Record<string, unknown>>;
  const tree: Tree & { toJSON(): unknown } = {
    get: (name) => treeOf(members[name]),
    getIn: (path) => treeOf(path.reduce<unknown>((at, key) => (at as Record<string | number, unknown> | undefined)?.[key], value)),
    forEach: (visit) => Object.entries(members).forEach(([key, each]) => visit(treeOf(each), key)),
    toJSON: () => value,
  };
  return tree;
}
