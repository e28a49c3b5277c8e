// npm run demo: a purchase in which nearly everything goes wrong, on a private instance, with a comparison at its end. Exit code 0 only when
// Klarna's ledger, Postgres and the gateway's API agree to the unit; whatever happens, nothing that it started stays.
import process from 'node:process';
import pg from 'pg';
import { differences, pictureOfApi, pictureOfLedger, pictureOfPostgres, withoutKeys } from './demo/agreement.mjs';
import { Belongings } from './demo/belongings.mjs';
import { Instance } from './demo/instance.mjs';
import { tell } from './demo/story.mjs';
import { chapter, duration, good, line, money, table, title, trouble } from './demo/telling.mjs';

const AT_MOST_MS = 120_000;
const began = performance.now();
const belongings = new Belongings();
const instance = new Instance(belongings);
let interrupted = false;

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.on(signal, () => void end(code, `${signal}: stopping everything`));
}
setTimeout(() => void end(1, `Not done after ${duration(AT_MOST_MS)}: something hangs`), AT_MOST_MS).unref();
// Somebody who reads only the first lines (`npm run demo | head`) closes the pipe.
process.stdout.on('error', () => void end(1, ''));

try {
  await run();
} catch (error) {
  if (!interrupted) {
    trouble(`The demo failed: ${error.stack ?? error}`);
    for (const log of instance.logs()) line(log);
    process.exitCode = 1;
  }
}
if (!interrupted) {
  await belongings.release();
  line(`Done in ${duration(performance.now() - began)}; everything was stopped and removed.`);
}

async function run() {
  title('Klarna Merchant Gateway: a purchase in which nearly everything goes wrong');
  await instance.start();
  const gateways = await Promise.all([instance.gateway('api'), instance.gateway('worker')]);
  line(`Started in ${duration(performance.now() - began)}: a private Postgres, the Klarna simulator, an api (process ${gateways[0].pid})`);
  line(`and a worker (process ${gateways[1].pid}). Every time limit is the one of production. No money moves.`);

  const { orderId, shop, klarna } = await tell(instance, gateways);

  chapter("Do Klarna's ledger and the database agree?");
  const ledger = pictureOfLedger(await klarna.ledger(orderId), await klarna.call('GET', '/simulator/ledger/summary'));
  const stored = await withClient(instance.databaseUrl, (client) => pictureOfPostgres(client, orderId));
  const served = pictureOfApi(await shop.get(`/orders/${orderId}`));
  tellPictures(ledger, stored, served);
  const found = [
    ...differences(ledger, stored, ["Klarna's ledger", 'Postgres']),
    ...differences(withoutKeys(ledger), served, ["Klarna's ledger", 'GET /orders/{id}']),
  ];
  if (found.length > 0) {
    for (const difference of found) trouble(difference);
    process.exitCode = 1;
  } else good('They agree to the unit: every operation had exactly one effect, and nothing is open.');
  line();
}

function tellPictures(ledger, stored, served) {
  const amount = (label, member) => [label, ...[ledger, stored, served].map(({ order }) => money(order[member]))];
  const count = (label, member) => [label, ...[ledger, stored, served].map((picture) => String(picture[member].length))];
  const effects = ({ effects: each }) => String(Object.values(each).reduce((sum, times) => sum + times, 0));
  table('lrrr', [
    ['', "Klarna's ledger", 'Postgres', 'GET /orders/{id}'],
    ['status', ledger.order.status, String(stored.order.status), String(served.order.status)],
    amount('ordered', 'order_amount'),
    amount('captured', 'captured_amount'),
    amount('refunded', 'refunded_amount'),
    amount('remaining', 'remaining_authorized_amount'),
    count('captures', 'captures'),
    count('refunds', 'refunds'),
    ['effects', effects(ledger), effects(stored), ''],
  ]);
}

async function withClient(url, work) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Stops in the middle: everything is given back first. A second signal does not interrupt that. */
async function end(code, reason) {
  if (interrupted) return;
  interrupted = true;
  if (reason !== '') process.stderr.write(`\n${reason}\n`);
  await belongings.release();
  process.exit(code);
}
