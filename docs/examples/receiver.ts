import { createServer, type Server } from 'node:http';
import { NotVerified, verifyNotification } from './verify-notification.js';

/** What `data` of every event has; the rest depends on the type. Amounts are in minor units. */
interface Notification {
  type: string;
  timestamp: string;
  data: { order_id: string | null; sequence: number } & Record<string, unknown>;
}

const LONGEST_BODY = 262_144;

/**
 * A receiver as small as one can be and still be right: verifies, hands each message over once in effect, answers quickly. In a real shop
 * `seen` is a table with a unique `webhook-id`, written in one transaction with what `take` writes, before the answer is sent.
 *
 * @param take gets every event, also one that comes after a newer one of its order: a refund stays a refund. Only where it overwrites a
 *   value (a stored status, say) must it compare: keep the `sequence` that the value is from, and leave what is newer.
 */
export function createReceiver(secret: string, take: (notification: Notification) => void): Server {
  const seen = new Set<string>();
  return createServer((request, response) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > LONGEST_BODY) request.destroy();
      else chunks.push(chunk);
    });
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      try {
        const id = verifyNotification(secret, request.headers, body);
        if (!seen.has(id)) {
          take(JSON.parse(body.toString('utf8')) as Notification);
          // Only now: when `take` throws, the message comes again and must not count as seen.
          seen.add(id);
        }
        response.writeHead(204).end();
      } catch (error) {
        // Any status but 2xx brings the message again, later; 410 ends the endpoint.
        response.writeHead(error instanceof NotVerified ? 401 : 500).end();
      }
    });
  });
}
