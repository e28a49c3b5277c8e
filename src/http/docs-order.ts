import type { OpenAPIObject } from '@nestjs/swagger';

type Paths = OpenAPIObject['paths'];
type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';

const PURCHASE = 'A purchase, from top to bottom';
const CHECKOUT = 'A purchase by Checkout, from top to bottom';
const PAGE = "A purchase on Klarna's own page";
const SUBSCRIPTION = 'A subscription, from top to bottom';
const AFTER = 'Looking back';
const TOLD = 'Being told';
const NOTHING_BOUGHT = 'When nothing is bought';
const STUCK = 'When something is stuck';
const METHODS: readonly Method[] = ['get', 'put', 'post', 'delete', 'patch'];

/** The order in which a purchase goes. What stands here leaves its own group; everything else follows in groups of its own. */
const STORY: readonly (readonly [group: string, method: Method, path: string])[] = [
  [PURCHASE, 'post', '/payments/v1/sessions'],
  [PURCHASE, 'post', '/payments/v1/sessions/{session_id}'],
  [PURCHASE, 'get', '/payments/v1/sessions/{session_id}'],
  [PURCHASE, 'post', '/payments/v1/authorizations/{authorizationToken}/order'],
  [PURCHASE, 'get', '/ordermanagement/v1/orders/{order_id}'],
  [PURCHASE, 'post', '/ordermanagement/v1/orders/{order_id}/acknowledge'],
  [PURCHASE, 'patch', '/ordermanagement/v1/orders/{order_id}/merchant-references'],
  [PURCHASE, 'patch', '/ordermanagement/v1/orders/{order_id}/customer-details'],
  [PURCHASE, 'patch', '/ordermanagement/v1/orders/{order_id}/authorization'],
  [PURCHASE, 'post', '/ordermanagement/v1/orders/{order_id}/extend-authorization-time'],
  [PURCHASE, 'post', '/ordermanagement/v1/orders/{order_id}/shipping-info'],
  [PURCHASE, 'post', '/ordermanagement/v1/orders/{order_id}/captures'],
  [PURCHASE, 'get', '/ordermanagement/v1/orders/{order_id}/captures'],
  [PURCHASE, 'get', '/ordermanagement/v1/orders/{order_id}/captures/{capture_id}'],
  [PURCHASE, 'post', '/ordermanagement/v1/orders/{order_id}/captures/{capture_id}/shipping-info'],
  [PURCHASE, 'post', '/ordermanagement/v1/orders/{order_id}/captures/{capture_id}/trigger-send-out'],
  [PURCHASE, 'get', '/ordermanagement/v1/orders/{order_id}/captures/{capture_id}/extend-due-date-options'],
  [PURCHASE, 'patch', '/ordermanagement/v1/orders/{order_id}/captures/{capture_id}/extend-due-date'],
  [PURCHASE, 'post', '/ordermanagement/v1/orders/{order_id}/refunds'],
  [PURCHASE, 'get', '/ordermanagement/v1/orders/{order_id}/refunds/{refund_id}'],
  [PURCHASE, 'post', '/ordermanagement/v1/orders/{order_id}/release-remaining-authorization'],
  [CHECKOUT, 'post', '/checkout/v3/orders'],
  [CHECKOUT, 'post', '/checkout/v3/orders/{order_id}'],
  [CHECKOUT, 'get', '/checkout/v3/orders/{order_id}'],
  [PAGE, 'post', '/hpp/v1/sessions'],
  [PAGE, 'post', '/hpp/v1/sessions/{session_id}/distribution'],
  [PAGE, 'get', '/hpp/v1/sessions/{session_id}'],
  [PAGE, 'delete', '/hpp/v1/sessions/{session_id}'],
  [SUBSCRIPTION, 'post', '/payments/v1/authorizations/{authorizationToken}/customer-token'],
  [SUBSCRIPTION, 'get', '/customer-token/v1/tokens/{customerToken}'],
  [SUBSCRIPTION, 'post', '/customer-token/v1/tokens/{customerToken}/order'],
  [SUBSCRIPTION, 'patch', '/customer-token/v1/tokens/{customerToken}/status'],
  [AFTER, 'get', '/orders'],
  [AFTER, 'get', '/orders/{id}'],
  [AFTER, 'get', '/orders/{id}/timeline'],
  [AFTER, 'post', '/orders/{id}/reconcile'],
  [AFTER, 'get', '/operations/{id}'],
  [TOLD, 'post', '/notifications/endpoints'],
  [TOLD, 'get', '/notifications/endpoints'],
  [TOLD, 'get', '/notifications'],
  [TOLD, 'get', '/notifications/{notification_id}'],
  [TOLD, 'get', '/notifications/events'],
  [TOLD, 'post', '/notifications/{notification_id}/replay'],
  [TOLD, 'post', '/notifications/replay'],
  [TOLD, 'post', '/notifications/endpoints/{endpoint_id}/rotate-secret'],
  [TOLD, 'get', '/notifications/signing-secret'],
  [TOLD, 'post', '/notifications/signing-secret/rotate'],
  [TOLD, 'get', '/notifications/endpoints/{endpoint_id}'],
  [TOLD, 'patch', '/notifications/endpoints/{endpoint_id}'],
  [TOLD, 'delete', '/notifications/endpoints/{endpoint_id}'],
  [NOTHING_BOUGHT, 'delete', '/payments/v1/authorizations/{authorizationToken}'],
  [NOTHING_BOUGHT, 'post', '/ordermanagement/v1/orders/{order_id}/cancel'],
  [NOTHING_BOUGHT, 'post', '/checkout/v3/orders/{order_id}/abort'],
  [STUCK, 'get', '/operations/summary'],
  [STUCK, 'get', '/operations'],
  [STUCK, 'get', '/operations/{id}/explanation'],
  [STUCK, 'post', '/operations/{id}/cancel'],
  [STUCK, 'post', '/operations/{id}/retry'],
  [STUCK, 'post', '/operations/{id}/resolve'],
];

const GROUPS = [
  {
    name: PURCHASE,
    description: "Let the shopper authorize BEFORE 'Read a session': it hands the authorization token to the next step.",
  },
  {
    name: CHECKOUT,
    description:
      "Play the shopper and complete the checkout BEFORE 'Read a checkout', which then shows that it is an order: go on with Order Management above, under the same id.",
  },
  {
    name: PAGE,
    description:
      'Open a session first (above): the page is made for it, and the shopper pays on the page instead. Play the shopper there, then read the page: it names the order. The last one is for a page on which nobody has paid.',
  },
  {
    name: SUBSCRIPTION,
    description:
      "Goes on from the purchase above when its session was opened with the example 'subscription' (intent buy_and_tokenize): one authorization makes the order and the customer token, which is then charged without the shopper. The last one ends it.",
  },
  { name: AFTER, description: 'Orders, their history, and what became of each operation.' },
  {
    name: TOLD,
    description: [
      'Register a URL that is told of events, and place another order BEFORE you search: only what happens from then on is sent to it. Nobody listens at the URLs of the examples, so that their messages stay `due`; put an address of your own there to get them.',
      'Every message is signed by [Standard Webhooks](https://www.standardwebhooks.com): `webhook-id`, `webhook-timestamp`, `webhook-signature`. It may come more than once, and not in order: `webhook-id` tells whether it was there before, `data.sequence` what comes after what.',
    ].join('\n\n'),
  },
  {
    name: NOTHING_BOUGHT,
    description:
      'Each needs another turn, because the purchase above has used up its token and captured its order (they answer 404 and 403 after it). Cancel an authorization: open a session, authorize it, read it, then press this. Cancel an order: open, authorize, read, place the order, then press this. End a checkout: open one, then press this.',
  },
  {
    name: STUCK,
    description: [
      '`cancel` and `retry` are for an operation that is still open, `explanation` and `resolve` for one in the state `manual`: on others they answer 409. The simulator makes both.',
      'An open one, which Klarna has turned away: `POST /simulator/faults` with `{"match": {"method": "POST", "path": "/ordermanagement/*"}, "times": 100, "kind": "status", "code": 403, "body": ""}`, then press a capture of a new order.',
      'A `manual` one, of which the order was placed under an id that nobody was told: `POST /simulator/behaviour` with `{"repeated_token": "consumed"}` and `POST /simulator/faults` with `{"match": {"method": "POST", "path": "/payments/v1/authorizations/*"}, "times": 1, "kind": "reset_after"}`, then open, authorize and read a session, and place the order: it answers 503.',
      'One that may be sent again under a new key (`new_key`), of which no read tells whether it happened: `POST /simulator/faults` with `{"match": {"method": "POST", "path": "/customer-token/*"}, "times": 1, "kind": "reset_after"}`, `POST /simulator/faults` with `{"match": {"method": "POST", "path": "/customer-token/*"}, "times": 1, "kind": "status", "code": 404}`, then make a customer token as above and charge it: it is `manual` some 80 seconds later.',
      '`DELETE /simulator/faults` and `DELETE /simulator/behaviour` put everything right again.',
    ].join('\n\n'),
  },
];

/** Puts the operations into the order in which they can be tried one after the other. */
export function inStoryOrder(document: OpenAPIObject): OpenAPIObject {
  const paths: Paths = {};
  const places = new Map(STORY.map(([group, method, path], place) => [`${method} ${path}`, { group, place }]));
  const found = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method })),
  );
  const placeOf = ({ method, path }: { method: Method; path: string }) => places.get(`${method} ${path}`)?.place ?? STORY.length;
  for (const { path, method } of found.sort((left, right) => placeOf(left) - placeOf(right))) {
    const operation = document.paths[path]?.[method];
    if (operation === undefined) continue;
    const group = places.get(`${method} ${path}`)?.group;
    // Swagger UI keeps the order of paths and, within a group, of the operations as they come.
    paths[path] = { ...paths[path], [method]: group === undefined ? operation : { ...operation, tags: [group] } };
  }
  return { ...document, paths, tags: [...GROUPS, ...(document.tags ?? [])] };
}
