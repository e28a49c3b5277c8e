import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const CHECKOUTS = '/checkout/v3/orders';
/** Addresses that every checkout must have. */
export const URLS = {
  terms: 'http://shop.example/t',
  checkout: 'http://shop.example/c',
  confirmation: 'http://shop.example/ok',
  push: 'http://shop.example/p',
};

export interface Shop {
  url: string;
  calls: { url: string; body: string }[];
  server: Server;
}

/** A shop that answers Klarna's callbacks. The test closes its server. */
export async function shop(
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end(),
): Promise<Shop> {
  const calls: Shop['calls'] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      calls.push({ url: request.url ?? '', body: Buffer.concat(chunks).toString() });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls, server };
}
