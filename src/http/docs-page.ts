import type { FastifyInstance } from 'fastify';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { docsScript, type DocsPage } from './docs-script.js';

/** Of the package swagger-ui-dist; nothing else of it is served. */
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
  'favicon-32x32.png': 'image/png',
};

/**
 * Serves Swagger UI. Not by SwaggerModule.setup: that needs a static file server for three files, and ends the process when it can't
 * be loaded.
 */
export function serveDocsPage(fastify: FastifyInstance, demo: DocsPage['demo']): void {
  fastify.get('/docs', (request, reply) => {
    // Relative, so that the page also works behind a proxy that adds a prefix.
    const folder = /\/(?:\?|$)/.test(request.url) ? './' : './docs/';
    return reply.type('text/html; charset=utf-8').send(html(folder));
  });
  fastify.get('/docs/start.js', (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(docsScript({ document: '../docs-json', demo })),
  );
  const { resolve } = createRequire(import.meta.url);
  for (const [name, type] of Object.entries(ASSETS)) {
    fastify.get(`/docs/${name}`, async (_request, reply) =>
      reply
        .type(type)
        .header('Cache-Control', 'max-age=3600')
        .send(await readFile(resolve(`swagger-ui-dist/${name}`))),
    );
  }
}

function html(folder: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Klarna Merchant Gateway</title>
<link rel="stylesheet" href="${folder}swagger-ui.css">
<link rel="icon" href="${folder}favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="${folder}swagger-ui-bundle.js"></script>
<script src="${folder}start.js"></script>
</body>
</html>
`;
}
