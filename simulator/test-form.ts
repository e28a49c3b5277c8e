/** A form as a browser would send it. */
export interface PressedForm {
  /** Where it is posted to. */
  target: string;
  body: URLSearchParams;
}

/**
 * The form of a page as it stands there, with one of its buttons pressed.
 * @param words on the button; the first one when there are none
 */
export function pressedForm(page: string, words = ''): PressedForm {
  const [, target = '', inside = ''] = /<form method="post" action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/.exec(page) ?? [];
  const body = new URLSearchParams();
  for (const [, tag = ''] of inside.matchAll(/<input([^>]*)>/g)) {
    const of = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
    const [name, value] = [of('name'), of('value')];
    if (name === undefined || value === undefined || (of('type') === 'radio' && !/\bchecked\b/.test(tag))) continue;
    body.set(name, value);
  }
  const button = [...inside.matchAll(/<button([^>]*)>([^<]*)/g)].find(([, , label = '']) => label.includes(words));
  if (button === undefined) throw new Error(`No button ${words} on the page`);
  body.set('action', /value="([^"]+)"/.exec(button[1] ?? '')?.[1] ?? '');
  return { target, body };
}
