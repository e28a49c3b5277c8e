import type { JsonObject } from '../json.js';
import { CannotAuthorize } from '../klarna/authorizations.js';
import { isOpenPage, purchaseOn, statusNow, urlAfter } from '../klarna/hosted-page-state.js';
import type { HostedPage, PageStatus, Purchase } from '../klarna/model.js';
import { PAGE_ACTIONS, playPage } from '../klarna/play-page.js';
import type { World } from '../klarna/work.js';
import { filledIn } from './checkout-way.js';
import { html, type Html } from './html.js';
import { agreedInForm, methodInForm } from './purchase-parts.js';
import { shopperForm } from './shopper-form.js';
import { type Notice, type Scene, shopperPath, type Way } from './way.js';
import { moment } from './words.js';

/** What the shopper is told of a page that they have left, or can't use. */
const WORDS: Partial<Record<PageStatus | 'TIMEOUT', Notice>> = {
  COMPLETED: { title: 'Paid', text: 'The shop learns it from its status_update callback, or when it reads the page.' },
  CANCELLED: { title: 'Cancelled', text: 'The page is over: the shop has to make another one.', bad: true },
  DISABLED: { title: 'Disabled by the shop', text: 'Nothing can be paid here any more.', bad: true },
  FAILED: { title: 'Payment declined', text: 'Nothing was paid. The page stays open: another try may do.', bad: true },
  BACK: { title: 'Back in the shop', text: 'Nothing was paid. The page stays open.' },
  ERROR: { title: 'Something broke', text: 'Nothing was paid. The page stays open.', bad: true },
  TIMEOUT: { title: 'This page has expired', text: 'The shop has to make another one.', bad: true },
};

/** The ways out of the form, besides paying; the last stands for a failure of Klarna's own. */
const EXITS = [
  ['decline', 'Have it declined'],
  ['back', 'Back to the shop'],
  ['cancel', 'Cancel the purchase'],
  ['error', 'Break it'],
] as const;

/** Klarna's own page for a payment session or a checkout: the form, or what came of it. Opening it is a change of its status. */
export const hostedWay: Way = {
  async show({ world }, id, { query, method, opens }) {
    const page = world.store.rows.hosted_pages.get(id);
    const purchase = page && purchaseOn(world, page);
    if (page === undefined || purchase === undefined) return undefined;
    const now = world.clock.now();
    const open = isOpenPage(page, now);
    const notice = WORDS[statusNow(page, now)];
    if (!open || (query.has('left') && notice !== undefined)) return { ...scene(page, purchase), main: left(page, open), notice };
    const opened = opens && page.status !== 'IN_PROGRESS' ? (await playPage(world, id, 'open', {}, '')).page : page;
    const note = `open until ${moment(page.expires_at)} UTC`;
    return { ...scene(opened, purchase), main: form(world, opened, purchase, method), note };
  },

  async act({ world }, id, form, origin) {
    const page = world.store.rows.hosted_pages.get(id);
    const action = form.get('action') ?? 'pay';
    const open = page !== undefined && isOpenPage(page, world.clock.now());
    if (open && page.paid.api === 'checkout' && (action === 'pay' || action === 'update')) {
      const again = await filledIn(world, page.paid.id, form);
      if (again !== undefined) return again;
    }
    const played = PAGE_ACTIONS.find((known) => known === action);
    if (played === undefined) throw new CannotAuthorize(400, 'Bad value: action');
    await playPage(world, id, played, page !== undefined && played === 'pay' ? given(world, page, form) : {}, origin);
    return { to: `${shopperPath(id)}?left` };
  },
};

function scene({ options, paid }: HostedPage, purchase: Purchase): Omit<Scene, 'main'> {
  const { page_title: title } = options;
  return {
    way: paid.api === 'payments' ? 'Hosted page' : 'Hosted page of a checkout',
    title: typeof title === 'string' && title !== '' ? title : 'Pay with Simulated Klarna',
    purchase,
    // The shop may send who pays for a checkout elsewhere.
    ...(paid.api === 'checkout' && { leaves: true }),
  };
}

function form({ store }: World, { session_id: id, paid }: HostedPage, purchase: Purchase, method: string | undefined): Html {
  const checkout = paid.api === 'checkout' ? store.rows.checkouts.get(paid.id)?.purchase : undefined;
  return shopperForm({
    ...{ purchase, method, exits: EXITS, action: shopperPath(id), pays: checkout === undefined ? 'Continue with Simulated Klarna' : 'Buy' },
    ...(checkout !== undefined && { checkout }),
  });
}

/** What the shopper agrees to; what was filled in is part of a checkout by now. */
function given(world: World, page: HostedPage, form: URLSearchParams): JsonObject {
  const purchase = purchaseOn(world, page);
  if (page.paid.api === 'checkout' || purchase === undefined) return { payment_method_category: methodInForm(form) };
  return agreedInForm(form, purchase);
}

/** Where the shopper ends up: at Klarna this is a redirect to the shop, or Klarna's own words when the shop has given no address. */
function left(page: HostedPage, open: boolean): Html {
  return html`<section class="card">
    ${continues(urlAfter(page))} ${open && html`<p><a href="${shopperPath(page.session_id)}">Open the page again</a></p>`}
  </section>`;
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
