import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { testGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.js';

/** A gateway that Klarna can call, and the way to it. */
export interface PublicGateway {
  gateway: TestGateway;
  /** Nothing of Klarna's arrives until it is opened again. */
  away(): void;
  back(): void;
  close(): Promise<void>;
}

/** The whole application with a `PUBLIC_URL` at which the simulator reaches it. */
export async function publicGateway({ env, ...options }: TestGatewayOptions = {}): Promise<PublicGateway> {
  const sockets = new Set<Socket>();
  let target: number | undefined;
  const server = createServer((client) => {
    if (target === undefined) return void client.destroy();
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const gateway = await testGateway({ ...options, env: { ...env, PUBLIC_URL: publicUrl } });
  const port = Number(new URL(gateway.url).port);
  target = port;
  return {
    gateway,
    away: () => void (target = undefined),
    back: () => void (target = port),
    close: async () => {
      await gateway.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
