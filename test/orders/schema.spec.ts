import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/persistence/data-source.js';
import { entities } from '../../src/persistence/entities/index.js';
import { testDatabase, type TestDatabase } from '../support/postgres.js';

let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await testDatabase();
  dataSource = await new DataSource(dataSourceOptions(database.url, 2, 'test')).initialize();
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

it('entities say of every column, key and constraint what the migrations made', async () => {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  expect(upQueries.map(({ query }) => query)).toEqual([]);
});

it('every table of the migrations has its entity', async () => {
  const tables = await dataSource.query<{ name: string }[]>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'migrations'`,
  );
  const described = dataSource.entityMetadatas.map(({ tableName }) => tableName);
  expect(described).toHaveLength(entities.length);
  expect(tables.map(({ name }) => name).filter((name) => !described.includes(name) && !name.startsWith('pg_'))).toEqual([]);
});

it('a minor-units column keeps amounts beyond 32 bits exactly', () => {
  const metadata = dataSource.entityMetadatas.find(({ tableName }) => tableName === 'orders');
  const column = metadata?.findColumnWithPropertyName('orderAmount');
  expect(column && dataSource.driver.prepareHydratedValue('9007199254740991', column)).toBe(9_007_199_254_740_991);
});
