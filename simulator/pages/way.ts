import type { Purchase } from '../klarna/model.js';
import type { Html } from './html.js';
import type { PageContext } from './pages.js';

/** What the page says above everything else. */
export interface Notice {
  title: string;
  text: string;
  bad?: true;
}

/** How the page is asked for: by its address, or again because something could not be done. */
export interface Asked {
  query: URLSearchParams;
  /** The payment method that was chosen in the form before. */
  method?: string;
  /** A person opens the page; else it is only shown. */
  opens: boolean;
}

/** A purchase as the shopper's page shows it. */
export interface Scene {
  /** By which way it is paid, in a word or two. */
  way: string;
  title: string;
  /** The cart. */
  purchase: Purchase;
  /** What else is said of it below the title. */
  note?: string | undefined;
  notice?: Notice | undefined;
  /** The form, or what came of it. */
  main: Html;
  /** It may stand in a frame of the shop's. */
  framed?: true;
  /** The form may lead away from Klarna. */
  leaves?: true;
}

/** Where the browser goes next, or what is said on the same page. */
export type Acted = { to: string } | { notice?: Notice };

/** One of the ways to pay. All of them are played on the same page, by the id of what is paid. */
export interface Way {
  /** Undefined: the id is none of this way's, or can't be shown any more. */
  show(context: PageContext, id: string, asked: Asked): Scene | undefined | Promise<Scene | undefined>;
  /**
   * Does what was pressed.
   * @param origin of the simulator, as the browser knows it
   * @throws CannotAuthorize, CannotComplete when it cannot be done
   */
  act(context: PageContext, id: string, form: URLSearchParams, origin: string): Acted | Promise<Acted>;
}

/** The one address of the page. */
export function shopperPath(id: string): string {
  return `/shopper/${id}`;
}
