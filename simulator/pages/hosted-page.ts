import { CannotAuthorize } from '../klarna/authorizations.js';
import { isOpenPage, urlAfter } from '../klarna/hosted-page-state.js';
import type { HostedPage, PageStatus, Session } from '../klarna/model.js';
import { PAGE_ACTIONS, playPage } from '../klarna/play-page.js';
import type { World } from '../klarna/work.js';
import type { OwnReply, OwnRequest } from '../server.js';
import { html, type Html } from './html.js';
import { layout, notFoundPage, redirect } from './layout.js';
import { agreedInForm, cart } from './purchase-parts.js';
import { qrCode } from './qr-code.js';
import { checkoutForm } from './shopper-page.js';
import { countryName, moment } from './words.js';

/** What the shopper is told of a page that they have left, or can't use; `bad` is shown as a failure. */
const WORDS: Partial<Record<PageStatus, { title: string; text: string; bad?: true }>> = {
  COMPLETED: { title: 'Paid', text: 'The shop learns it from its status_update callback, or when it reads the page.' },
  CANCELLED: { title: 'Cancelled', text: 'The page is over: the shop has to make another one.', bad: true },
  DISABLED: { title: 'Disabled by the shop', text: 'Nothing can be paid here any more.', bad: true },
  FAILED: { title: 'Payment declined', text: 'Nothing was paid. The page stays open: another try may do.', bad: true },
  BACK: { title: 'Back in the shop', text: 'Nothing was paid. The page stays open.' },
  ERROR: { title: 'Something broke', text: 'Nothing was paid. The page stays open.', bad: true },
};

/** The ways out of the form, besides paying; the last stands for a failure of Klarna's own. */
const EXITS = [
  ['decline', 'Have it declined'],
  ['back', 'Back to the shop'],
  ['cancel', 'Cancel the purchase'],
  ['error', 'Break it'],
] as const;

/** Klarna's own page for one purchase, at `/pay/{session_id}`: the form, or what came of it. Opening it is a change of its status. */
export function hostedPage(world: World, request: OwnRequest, id: string): OwnReply {
  const page = world.store.rows.hosted_pages.get(id);
  const session = page && world.store.rows.sessions.get(page.payment_session_id);
  if (page === undefined || session === undefined) return notFoundPage('This page does not exist');
  const here = `/pay/${id}`;
  const open = isOpenPage(page, world.clock.now());
  if (request.method === 'POST') {
    const form = new URLSearchParams(request.body.toString('utf8'));
    const action = PAGE_ACTIONS.find((known) => known === form.get('action'));
    if (action === undefined) return notFoundPage('This page does not exist');
    try {
      playPage(world, id, action, action === 'pay' ? agreedInForm(form, session.purchase) : {});
      return redirect(303, `${here}?left`);
    } catch (error) {
      if (error instanceof CannotAuthorize)
        return { ...shown(page, session, open ? error.message : undefined, open), status: error.status };
      throw error;
    }
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return notFoundPage('This page does not exist');
  if (!open || (request.url.searchParams.has('left') && WORDS[page.status] !== undefined)) return left(page, open);
  const opened = request.method === 'GET' && page.status !== 'IN_PROGRESS' ? playPage(world, id, 'open').page : page;
  return shown(opened, session, undefined, true);
}

/** The link to a page as a QR code, for a shopper who stands in the shop. */
export function hostedPageCode(world: World, { url }: OwnRequest, id: string): OwnReply {
  const code = world.store.rows.hosted_pages.has(id) ? qrCode(`${url.origin}/pay/${id}`) : undefined;
  return code === undefined ? notFoundPage('This code does not exist') : { status: 200, type: 'image/svg+xml', body: code };
}

function shown(page: HostedPage, session: Session, error: string | undefined, open: boolean): OwnReply {
  if (!open) return left(page, open);
  const { options } = page;
  const title = typeof options.page_title === 'string' && options.page_title !== '' ? options.page_title : 'Pay with Simulated Klarna';
  const exits = html`<p class="row" style="margin:14px 0 0;justify-content:center">
    ${EXITS.map(([action, words]) => html`<button class="button plain slim" name="action" value="${action}">${words}</button>`)}
  </p>`;
  return layout(
    title,
    html`
      ${error !== undefined && html`<div class="banner bad"><strong>That did not work</strong>${error}</div>`}
      <h1 class="wrap">${title}</h1>
      <p class="lead wrap">
        ${session.purchase.merchant_reference1 !== undefined && html`Order ${session.purchase.merchant_reference1} · `}${countryName(session.purchase.purchase_country)}
        · open until ${moment(page.expires_at)} UTC
      </p>
      <div class="checkout">
        <div>${checkoutForm(session, `/pay/${page.session_id}`, exits)}</div>
        <aside class="card side">${cart(session.purchase)}</aside>
      </div>
    `,
  );
}

/** Where the shopper ends up: at Klarna this is a redirect to the shop, or Klarna's own words when the shop has given no address. */
function left(page: HostedPage, open: boolean): OwnReply {
  const { title, text, bad } = WORDS[page.status] ?? {
    title: 'This page has expired',
    text: 'The shop has to make another one.',
    bad: true,
  };
  return layout(
    title,
    html`<div class="banner ${bad === true && 'bad'}" role="status"><strong>${title}</strong>${text}</div>
      <section class="card">
        ${continues(urlAfter(page))} ${open && html`<p><a href="/pay/${page.session_id}">Open the page again</a></p>`}
      </section>`,
  );
}

function continues(next: string | undefined): Html {
  if (next === undefined) return html`<p class="soft">The shop gave no address for this case: the shopper's way ends here.</p>`;
  const link = /^https?:/i.test(next)
    ? html`<a class="button" href="${next}" rel="noreferrer">On to the shop</a>`
    : html`<span class="soft">This is no address that a browser can go to.</span>`;
  return html`<p class="soft small">Klarna sends the browser to</p>
    <p><code class="token">${next}</code></p>
    <p class="row">${link}</p>`;
}
