import { saveSettings } from '../control/settings-row.js';
import type { World } from '../klarna/work.js';
import type { Ledger } from '../ledger.js';
import type { OwnReply, OwnRequest } from '../server.js';
import { indexPage } from './index-page.js';
import { notFoundPage, redirect } from './layout.js';
import { orderPage } from './order-page.js';
import { qrCode } from './qr-code.js';
import { shopperPage } from './shopper-page.js';
import { shopperPath } from './way.js';

export interface PageContext {
  world: World;
  ledger: Ledger;
  gatewayUrl: string;
}

/** Answers everything that is neither Klarna's nor a control: the pages for people, `/redirect` and `/health`. */
export function page(context: PageContext, request: OwnRequest): OwnReply | Promise<OwnReply> {
  const { pathname } = request.url;
  const [, place, id, more] = pathname.split('/');
  const reading = request.method === 'GET' || request.method === 'HEAD';
  if (reading && place === 'shopper' && id !== undefined && more === 'qr') return shopperCode(context, request, id);
  if (more !== undefined) return notFoundPage('This page does not exist');
  if (reading && pathname === '/') return indexPage(context.world);
  if (reading && pathname === '/health')
    return { status: 200, type: 'application/json', body: JSON.stringify({ status: 'ok', pid: process.pid }) };
  if (request.method === 'POST' && pathname === '/clock') return moveClock(context.world, request);
  if (place === 'shopper' && id !== undefined) return shopperPage(context, request, id);
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

/** The link to a hosted page as a QR code, for a shopper who stands in the shop. */
function shopperCode({ world }: PageContext, { url }: OwnRequest, id: string): OwnReply {
  const code = world.store.rows.hosted_pages.has(id) ? qrCode(url.origin + shopperPath(id)) : undefined;
  return code === undefined ? notFoundPage('This code does not exist') : { status: 200, type: 'image/svg+xml', body: code };
}

function moveClock(world: World, request: OwnRequest): OwnReply {
  const seconds = Number(new URLSearchParams(request.body.toString('utf8')).get('advance_seconds'));
  if (Number.isFinite(seconds) && seconds > 0) {
    world.clock.advance(seconds * 1000);
    saveSettings(world);
  }
  return redirect(303, '/');
}
