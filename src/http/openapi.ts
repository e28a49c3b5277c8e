import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { Settings } from '../config/settings.js';
import { Merchants } from '../merchants/merchants.js';
import { Refusal } from '../operations/errors.js';
import { answerError } from './adapter.js';
import { inStoryOrder } from './docs-order.js';
import { serveDocsPage } from './docs-page.js';

/**
 * Serves Swagger UI at /docs and the OpenAPI document at /docs-json. In the embedded default with its demo credentials both are open, the
 * page is already authorized, and answers fill in the ids that the next operations need; else both ask for a merchant's credentials.
 * To be called between the application's creation and `listen`.
 */
export function setUpOpenApi(app: NestFastifyApplication): void {
  const settings = app.get(Settings);
  const open = isOpen(settings);
  const merchants = app.get(Merchants, { strict: false });
  // Made when it is first asked for: the routes are not known before the application listens.
  let document: string | undefined;
  void app
    .getHttpAdapter()
    .getInstance()
    .register((docs, _options, done) => {
      // Registered before Nest's error handler is: a scope of its own has its own.
      docs.setErrorHandler(answerError);
      if (!open) {
        docs.addHook('onRequest', async (request) => {
          const caller = await merchants.authenticate(request.headers.authorization);
          if (caller === undefined) throw new Refusal('UNAUTHORIZED', ['Authentication is required']);
        });
      }
      docs.get('/docs-json', (_request, reply) => {
        document ??= JSON.stringify(openApiDocument(app, settings));
        return reply.type('application/json').send(document);
      });
      serveDocsPage(docs, open ? { ...settings.apiCredentials, shopperUrl: settings.simulatorUrl ?? '' } : undefined);
      done();
    });
}

/** The whole API in one document. */
export function openApiDocument(app: NestFastifyApplication, settings: Settings): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Klarna Merchant Gateway')
    .setDescription(introduction(settings))
    .setVersion('1')
    .addBasicAuth({ type: 'http', scheme: 'basic' }, 'basic')
    .addBearerAuth({ type: 'http', scheme: 'bearer' }, 'bearer')
    .addSecurityRequirements('basic')
    .addSecurityRequirements('bearer')
    .build();
  return inStoryOrder(SwaggerModule.createDocument(app, config));
}

/** Whether the documents need no credentials: nobody else can reach them, and there is nothing to protect. */
function isOpen({ mode, usesDemoCredentials }: Settings): boolean {
  return mode === 'embedded' && usesDemoCredentials;
}

function introduction(settings: Settings): string {
  const text = [
    "Klarna's own wire format under `/payments`, `/customer-token`, `/checkout`, `/ordermanagement` and `/hpp`, and this service's view of orders and operations beside it.",
    'All amounts are whole minor units of the currency: `10000` is SEK 100.00.',
  ];
  if (settings.usesSimulator) {
    text.push('**Klarna is the simulator: no money moves.** Press the examples from top to bottom.');
    // Elsewhere the simulator has an address that this service knows and a person's browser may not.
    text.push(
      isOpen(settings)
        ? `After the session is opened, [play the shopper](${settings.simulatorUrl}/) and authorize it BEFORE you read the session, which hands the token to the next step.`
        : "After the session is opened, play the shopper on the simulator's page and authorize it, then read the session: the next steps need the ids and the token that the answers name.",
    );
  }
  return text.join('\n\n');
}
