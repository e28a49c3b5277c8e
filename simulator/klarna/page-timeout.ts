import type { Put } from '../state/store.js';
import { isOpenPage, pageView, statusNow } from './hosted-page-state.js';
import type { HostedPage } from './model.js';
import type { World } from './work.js';

/** Sets the alarm for a page's end: when it is made, and again after a restart. */
export function watchPage(world: World, page: HostedPage): void {
  if (page.merchant_urls.status_update === undefined || page.timeout_told === true) return;
  if (isOpenPage(page, page.created_at)) world.clock.schedule(page.expires_at, (at) => tellTimeout(world, page.session_id, at));
}

/** Nobody has paid in time: the merchant is told, where the switch says so. */
function tellTimeout(world: World, pageId: string, at: number): void {
  const page = world.store.rows.hosted_pages.get(pageId);
  if (page === undefined || statusNow(page, at) !== 'TIMEOUT' || world.switches.get('page_timeout_callback') === 'not_sent') return;
  const over: HostedPage = { ...page, updated_at: page.expires_at, timeout_told: true };
  const puts: Put[] = [['hosted_pages', pageId, over]];
  const start = world.callbacks.planStatusUpdate(puts, over, pageView(world, over, at), at);
  world.store.commit(puts, at);
  start();
}
