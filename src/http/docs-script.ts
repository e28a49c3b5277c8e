/** What the page of Swagger UI needs to know. */
export interface DocsPage {
  /** Address of the OpenAPI document, relative to this script. */
  document: string;
  /** Only while everyone knows the credentials anyway. */
  demo: { username: string; password: string; shopperUrl: string } | undefined;
}

/**
 * The script of the page. With the demo credentials it logs in, and what an answer names (session, authorization token, customer token, order,
 * capture, refund, page, operation, endpoint, notification) it fills into the path (or query) of the operations that need it, a session also into the body of a hosted page, so that
 * the examples can be pressed one after the other. When
 * the person comes back from the shopper's page, it reads the session for its token. It only writes into input fields that a person sees
 * and can change; requests and answers stay as they are.
 */
export function docsScript(page: DocsPage): string {
  return `(${startPage.toString()})(${JSON.stringify(page)});`;
}

/** The parts of the browser and of Swagger UI that the script uses. */
interface Page {
  SwaggerUIBundle: { (options: object): Ui; presets: { apis: unknown } };
  document: {
    currentScript: { src: string };
    getElementById(id: string): Element | null;
    createElement(name: string): Element;
    body: { appendChild(element: Element): void };
  };
  addEventListener(name: 'focus', listener: () => void): void;
}
interface Ui {
  preauthorizeBasic(scheme: string, username: string, password: string): void;
  specSelectors: { specJson(): Tree; specResolvedSubtree(path: string[]): Tree | undefined };
  specActions: { changeParamByIdentity(operation: string[], parameter: Tree, value: string, isXml: boolean): void };
  oas3Actions: {
    setRequestBodyValue(change: { value: string; pathMethod: string[] }): void;
    setRetainRequestBodyValueFlag(change: { value: boolean; pathMethod: string[] }): void;
  };
}
interface Tree {
  getIn(path: (string | number)[]): Tree | undefined;
  get(name: string): Tree | string | undefined;
  forEach(visit: (value: Tree, key: string) => void): void;
}
interface Element {
  id: string;
  href: string;
  target: string;
  textContent: string;
  style: { cssText: string };
}
interface Answer {
  url: string;
  text?: string;
  headers?: Record<string, string>;
}

// Self-contained: it is sent to the browser by its source text, so nothing outside it exists there.
function startPage({ document, demo }: DocsPage): void {
  const page = globalThis as unknown as Page;
  const script = page.document.currentScript.src;
  // The session that the shopper may be authorizing.
  let awaited: string | undefined;

  const fill = (name: string, value: unknown, under: RegExp, place = 'path'): void => {
    if (typeof value !== 'string' || value === '') return;
    ui.specSelectors
      .specJson()
      .getIn(['paths'])
      ?.forEach((item, path) => {
        if (!under.test(path)) return;
        item.forEach((_operation, method) => {
          const resolved = ui.specSelectors.specResolvedSubtree(['paths', path, method]);
          const parameters = (resolved ?? ui.specSelectors.specJson().getIn(['paths', path, method]))?.get('parameters');
          if (parameters === undefined || typeof parameters === 'string') return;
          parameters.forEach((parameter) => {
            if (parameter.get('in') === place && parameter.get('name') === name) {
              ui.specActions.changeParamByIdentity([path, method], parameter, value, false);
            }
          });
        });
      });
  };

  /** A page is made for the session that was opened last: its example names it, at this service. */
  const fillPage = (sessionId: unknown): void => {
    const pathMethod = ['/hpp/v1/sessions', 'post'];
    const body = ['paths', ...pathMethod, 'requestBody', 'content', 'application/json', 'examples', 'page', 'value'];
    const text = JSON.stringify(ui.specSelectors.specJson().getIn(body) ?? {}, null, 2);
    const url = /"https:[^"]*\/\{session_id\}"/;
    if (typeof sessionId !== 'string' || !url.test(text)) return;
    const named = new URL('../payments/v1/sessions/' + encodeURIComponent(sessionId), script).href;
    ui.oas3Actions.setRequestBodyValue({ value: text.replace(url, JSON.stringify(named)), pathMethod });
    // Swagger UI empties a body's field when it is first shown, unless it is told to keep what is there.
    ui.oas3Actions.setRetainRequestBodyValueFlag({ value: true, pathMethod });
  };

  /** The order is known by Klarna's id wherever it is named. */
  const fillOrder = (orderId: unknown): void => {
    fill('order_id', orderId, /^\/ordermanagement/);
    fill('id', orderId, /^\/orders\//);
    fill('order_id', orderId, /^\/notifications\/events$/, 'query');
  };

  /** @param what of that id the shopper is to do, @param then what the person reads afterwards */
  const showShopper = (id: string, what: string, then: string): void => {
    if (demo === undefined) return;
    const link = page.document.getElementById('gateway-shopper') ?? page.document.createElement('a');
    link.id = 'gateway-shopper';
    link.href = demo.shopperUrl + '/shopper/' + encodeURIComponent(id);
    link.target = '_blank';
    link.textContent = `Next: play the shopper and ${what} ${id.slice(0, 8)}…, then read the ${then}`;
    link.style.cssText =
      'position:fixed;right:16px;bottom:16px;z-index:9;padding:12px 18px;border-radius:8px;background:#ffb3c7;color:#0b051d;font:600 14px sans-serif;text-decoration:none;box-shadow:0 2px 8px #0004';
    page.document.body.appendChild(link);
  };

  const hideShopper = (): void => {
    const link = page.document.getElementById('gateway-shopper');
    if (link !== null) link.style.cssText = 'display:none';
  };

  const learn = (answer: Answer): Answer => {
    let body: Record<string, unknown> = {};
    try {
      body = (JSON.parse(answer.text ?? '') as Record<string, unknown> | null) ?? {};
    } catch {
      // A bare 201, or something that is no JSON: its headers may still say something.
    }
    const headers = answer.headers ?? {};
    const path = answer.url.replace(/^[a-z]+:\/\/[^/]+/, '').split('?')[0] ?? '';
    if (path === '/payments/v1/sessions') {
      fill('session_id', body['session_id'], /^\/payments/);
      fillPage(body['session_id']);
      if (typeof body['session_id'] === 'string') {
        awaited = body['session_id'];
        showShopper(awaited, 'authorize session', 'session');
      }
    }
    if (path === '/hpp/v1/sessions') {
      fill('session_id', body['session_id'], /^\/hpp/);
      if (typeof body['session_id'] === 'string') {
        // The shopper pays there, not in the session.
        awaited = undefined;
        showShopper(body['session_id'], 'pay on page', 'page');
      }
    }
    if (path.startsWith('/hpp/v1/sessions/')) fillOrder(body['order_id']);
    if (path.startsWith('/payments/v1/sessions/') && typeof body['authorization_token'] === 'string') {
      fill('authorizationToken', body['authorization_token'], /^\/payments/);
      awaited = undefined;
      hideShopper();
    }
    if (path === '/checkout/v3/orders' && typeof body['order_id'] === 'string') {
      fill('order_id', body['order_id'], /^\/checkout/);
      showShopper(body['order_id'], 'complete checkout', 'checkout');
    }
    if (path.startsWith('/checkout/v3/orders/') && String(body['status']).toLowerCase() === 'checkout_complete') {
      fillOrder(body['order_id']);
      hideShopper();
    }
    if (path.endsWith('/customer-token')) fill('customerToken', body['token_id'], /^\/customer-token/);
    if (path.endsWith('/order')) fillOrder(body['order_id']);
    fill('capture_id', headers['capture-id'], /^\/ordermanagement/);
    fill('refund_id', headers['refund-id'], /^\/ordermanagement/);
    const operation = /^\/operations\/([^/]+)/.exec(headers['location'] ?? '');
    if (operation !== null) fill('id', operation[1], /^\/operations\//);
    if (path === '/notifications/endpoints') fill('endpoint_id', body['id'], /^\/notifications\/endpoints\//);
    if (path === '/notifications' && Array.isArray(body['items'])) {
      const sent = (body['items'] as { id?: unknown; direction?: unknown }[]).filter((item) => item.direction === 'out');
      fill('notification_id', sent[0]?.id, /^\/notifications\//);
    }
    if (path.endsWith('/timeline') && Array.isArray(body['items'])) {
      const named = (body['items'] as { operation_id?: unknown }[]).filter((item) => typeof item.operation_id === 'string');
      const last = named[named.length - 1];
      if (last !== undefined) fill('id', last.operation_id, /^\/operations\//);
    }
    return answer;
  };

  const readAwaited = async (): Promise<void> => {
    if (awaited === undefined || demo === undefined) return;
    const path = '/payments/v1/sessions/' + encodeURIComponent(awaited);
    const headers = { Authorization: 'Basic ' + btoa(demo.username + ':' + demo.password) };
    const answer = await fetch(new URL('..' + path, script), { headers });
    if (answer.ok) learn({ url: path, text: await answer.text() });
  };
  // Back from the shopper's page: also who has read the session too early gets its token. The next focus tries again.
  page.addEventListener('focus', () => void readAwaited().catch(() => undefined));

  const ui = page.SwaggerUIBundle({
    // Relative to the script, whatever the address of the page ends in.
    url: new URL(document, script).href,
    dom_id: '#swagger-ui',
    deepLinking: true,
    presets: [page.SwaggerUIBundle.presets.apis],
    // The online validator would be sent the document.
    validatorUrl: null,
    displayRequestDuration: true,
    persistAuthorization: demo === undefined,
    tryItOutEnabled: demo !== undefined,
    ...(demo === undefined
      ? {}
      : { responseInterceptor: learn, onComplete: () => ui.preauthorizeBasic('basic', demo.username, demo.password) }),
  });
}
