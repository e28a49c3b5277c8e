import { CannotAuthorize } from '../klarna/authorizations.js';
import { CannotComplete } from '../klarna/open-checkout.js';
import type { OwnReply, OwnRequest } from '../server.js';
import { checkoutWay } from './checkout-way.js';
import { hostedWay } from './hosted-way.js';
import { html } from './html.js';
import { layout, notFoundPage, redirect } from './layout.js';
import type { PageContext } from './pages.js';
import { cart, methodInForm } from './purchase-parts.js';
import { sessionWay } from './session-way.js';
import { type Asked, type Notice, type Scene, type Way } from './way.js';
import { countryName } from './words.js';

/** The ways to pay. What is paid is told apart by its id alone. */
const WAYS: readonly Way[] = [sessionWay, checkoutWay, hostedWay];

/**
 * The page on which a person plays the shopper, at `/shopper/{id}`: of a payment session (what the widget shows), a checkout (what the snippet
 * frames) or a hosted page.
 */
export async function shopperPage(context: PageContext, request: OwnRequest, id: string): Promise<OwnReply> {
  const { method, url } = request;
  if (method === 'GET' || method === 'HEAD') return shown(context, id, { query: url.searchParams, opens: method === 'GET' });
  const form = new URLSearchParams(request.body.toString('utf8'));
  const again: Asked = { query: new URLSearchParams(), method: methodInForm(form), opens: false };
  const way = (await found(context, id, again))?.way;
  if (method !== 'POST' || way === undefined) return notFoundPage('There is nothing to pay here');
  try {
    const acted = await way.act(context, id, form, url.origin);
    return 'to' in acted ? redirect(303, acted.to) : shown(context, id, again, acted.notice);
  } catch (error) {
    if (!(error instanceof CannotAuthorize || error instanceof CannotComplete)) throw error;
    if (error instanceof CannotComplete && error.redirect !== undefined) return redirect(303, error.redirect);
    return { ...(await shown(context, id, again, { title: 'That did not work', text: error.message, bad: true })), status: error.status };
  }
}

/** The way that an id is paid by, and what it shows. */
async function found(context: PageContext, id: string, asked: Asked): Promise<{ way: Way; scene: Scene } | undefined> {
  for (const way of WAYS) {
    const scene = await way.show(context, id, asked);
    if (scene !== undefined) return { way, scene };
  }
  return undefined;
}

/** The page, as it stands. @param notice what is said above it, instead of what the way says */
async function shown(context: PageContext, id: string, asked: Asked, notice?: Notice): Promise<OwnReply> {
  const scene = (await found(context, id, asked))?.scene;
  return scene === undefined ? notFoundPage('There is nothing to pay here') : page({ ...scene, notice: notice ?? scene.notice });
}

function page({ way, title, purchase, note, notice, main, framed, leaves }: Scene): OwnReply {
  const { merchant_reference1: reference, purchase_country: country } = purchase;
  return layout(
    reference ?? title,
    html`
      ${
        notice !== undefined &&
        html`<div class="banner ${notice.bad && 'bad'}" role="${notice.bad ? 'alert' : 'status'}">
          <strong>${notice.title}</strong>${notice.text}
        </div>`
      }
      <h1 class="wrap">${title}</h1>
      <p class="lead wrap">
        <span class="badge">${way}</span>
        ${reference !== undefined && html`Order ${reference} · `}${countryName(country)}${note !== undefined && html` · ${note}`}
      </p>
      <div class="checkout">
        <div>${main}</div>
        <aside class="card side">${cart(purchase)}</aside>
      </div>
    `,
    { framed: framed === true, leaves: leaves === true },
  );
}
