import { saveSettings } from '../control/settings-row.js';
import { authorizeSession, CannotAuthorize } from '../klarna/authorizations.js';
import type { Session } from '../klarna/model.js';
import type { World } from '../klarna/work.js';
import type { Ledger } from '../ledger.js';
import type { OwnReply, OwnRequest } from '../server.js';
import { checkoutPage } from './checkout-page.js';
import { hostedPage, hostedPageCode } from './hosted-page.js';
import { indexPage } from './index-page.js';
import { notFoundPage, redirect } from './layout.js';
import { orderPage } from './order-page.js';
import { agreedInForm } from './purchase-parts.js';
import { shopperPage } from './shopper-page.js';

export interface PageContext {
  world: World;
  ledger: Ledger;
  gatewayUrl: string;
}

/** Answers everything that is neither Klarna's nor a control: the pages for people, `/redirect` and `/health`. */
export function page(context: PageContext, request: OwnRequest): OwnReply | Promise<OwnReply> {
  const { pathname, searchParams } = request.url;
  const [, place, id, more] = pathname.split('/');
  const reading = request.method === 'GET' || request.method === 'HEAD';
  if (reading && place === 'pay' && id !== undefined && more === 'qr') return hostedPageCode(context.world, request, id);
  if (more !== undefined) return notFoundPage('This page does not exist');
  if (reading && pathname === '/') return indexPage(context.world);
  if (reading && pathname === '/health')
    return { status: 200, type: 'application/json', body: JSON.stringify({ status: 'ok', pid: process.pid }) };
  if (request.method === 'POST' && pathname === '/clock') return moveClock(context.world, request);
  if (place === 'checkouts' && id !== undefined) return checkoutPage(context, request, id);
  if (place === 'pay' && id !== undefined) return hostedPage(context.world, request, id);
  if (place === 'shopper' && id !== undefined) return shopper(context, request, id, searchParams);
  const order = id === undefined ? undefined : context.world.store.rows.orders.get(id);
  if (reading && place === 'orders') return order === undefined ? notFoundPage('This order is not known') : orderPage(context, order);
  if (reading && place === 'redirect') {
    const target = order?.purchase.merchant_urls?.confirmation;
    if (order === undefined || target === undefined) return notFoundPage('This order is not known');
    const filled = target.replaceAll('{order.id}', order.order_id).replaceAll('{session.id}', order.session_id ?? '');
    return URL.canParse(filled) ? redirect(302, new URL(filled).href) : notFoundPage('The confirmation URL is not a URL');
  }
  return notFoundPage('This page does not exist');
}

function shopper(context: PageContext, request: OwnRequest, id: string, query: URLSearchParams): OwnReply {
  const session = context.world.store.rows.sessions.get(id);
  if (session === undefined || session.expires_at <= context.world.clock.now()) return notFoundPage('This session is not open');
  if (request.method === 'GET' || request.method === 'HEAD')
    return shopperPage(context, forAnotherTry(session, query), { declined: query.has('declined') });
  if (request.method !== 'POST') return notFoundPage('This page does not exist');
  const form = new URLSearchParams(request.body.toString('utf8'));
  try {
    authorizeSession(context.world, id, agreedInForm(form, session.purchase));
    return redirect(303, `/shopper/${id}`);
  } catch (error) {
    if (error instanceof CannotAuthorize) return { ...shopperPage(context, session, { error: error.message }), status: error.status };
    throw error;
  }
}

/** With `?again` the form is shown although an authorization exists; a new one supersedes it. */
function forAnotherTry(session: Session, query: URLSearchParams): Session {
  if (session.status === 'complete' || !query.has('again')) return session;
  const unauthorized = { ...session };
  delete unauthorized.authorization_token;
  return unauthorized;
}

function moveClock(world: World, request: OwnRequest): OwnReply {
  const seconds = Number(new URLSearchParams(request.body.toString('utf8')).get('advance_seconds'));
  if (Number.isFinite(seconds) && seconds > 0) {
    world.clock.advance(seconds * 1000);
    saveSettings(world);
  }
  return redirect(303, '/');
}
