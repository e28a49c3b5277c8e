import { randomBytes } from 'node:crypto';
import type { OwnReply } from '../server.js';
import { html, Html } from './html.js';
import { STYLE } from './style.js';

/** Copies text on `data-copy` buttons, presses `data-on-change` buttons when a field named there changes, and keeps `#live` fresh. Pages can be read and used without it. */
const SCRIPT = `
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  const text = document.getElementById(button.dataset.copy).textContent;
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  button.textContent = 'Copied';
  setTimeout(() => { button.textContent = label; }, 1500);
});
document.addEventListener('change', ({ target }) => {
  const button = target.form?.querySelector('[data-on-change~="' + target.name + '"]');
  if (button) target.form.requestSubmit(button);
});
if (document.getElementById('live')) {
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const next = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html').getElementById('live');
      const live = document.getElementById('live');
      if (next && live && next.innerHTML !== live.innerHTML) live.innerHTML = next.innerHTML;
    } catch { /* the simulator restarts: try again */ }
  }, 1500);
}
`;

/**
 * A whole page. Only its own inline style and script may run: what merchants write is shown, never interpreted.
 * @param framed it may stand in a frame of anybody's
 * @param leaves its form may lead to the shop
 */
export function layout(title: string, content: Html, { status = 200, framed = false, leaves = false } = {}): OwnReply {
  const nonce = randomBytes(16).toString('base64');
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Simulated Klarna</title>
        <link rel="icon" href="data:," />
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <header class="bar">
          <div class="in">
            <a href="/"><i class="dot"></i>Simulated Klarna</a>
            <span class="note">A stand-in for testing. No money moves here.</span>
          </div>
        </header>
        <main>${content}</main>
        <script nonce="${nonce}">
          ${new Html(SCRIPT)};
        </script>
      </body>
    </html>`;
  return {
    status,
    type: 'text/html; charset=utf-8',
    body: page.markup,
    headers: {
      'Content-Security-Policy': `default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-${nonce}'; connect-src 'self'; form-action ${leaves ? '*' : "'self'"}; img-src data:; base-uri 'none'; frame-ancestors ${framed ? '*' : "'none'"}`,
      'X-Content-Type-Options': 'nosniff',
    },
  };
}

export function notFoundPage(what: string): OwnReply {
  return layout(
    'Not found',
    html`<section class="card empty">
      <h1>${what}</h1>
      <p>It may have expired, or the state was wiped.</p>
      <p><a href="/">All open sessions</a></p>
    </section>`,
    { status: 404 },
  );
}

export function redirect(status: 302 | 303, location: string): OwnReply {
  return { status, type: '', body: '', headers: { Location: location } };
}
