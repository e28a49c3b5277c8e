// One Postgres for the whole run. Jest calls this once, before any worker starts; what it puts into process.env they inherit.
import 'reflect-metadata';
import { register } from 'node:module';

export default async function setUp() {
  register('./typescript-loader.mjs', import.meta.url);
  const { startTestPostgres } = await import('./postgres-server.ts');
  globalThis.testPostgres = await startTestPostgres();
}
