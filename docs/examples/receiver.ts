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
 * A receiver as small as one can be and still be right: verifies, takes each message once, keeps the newest state per order, answers
 * quickly. In a real shop `seen` and `newest` are tables, written in one transaction before the answer is sent.
 */
export function createReceiver(secret: string, take: (notification: Notification) => void): Server {
  const seen = new Set<string>();
  const newest = new Map<string, number>();
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
          const notification = JSON.parse(body.toString('utf8')) as Notification;
          const { order_id: order, sequence } = notification.data;
          // Messages of one order may overtake each other, unless the endpoint asks for strict_order: an older one changes nothing.
          const older = order !== null && sequence <= (newest.get(order) ?? 0);
          if (order !== null && !older) newest.set(order, sequence);
          if (!older) take(notification);
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
