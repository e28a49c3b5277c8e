import { describe, expect, it } from '@jest/globals';
import { CommitUnknown, DatabaseUnavailable, isConnectionLost } from './connection-errors.js';

const coded = (code: string, message = 'x') => Object.assign(new Error(message), { code });

describe('isConnectionLost', () => {
  it.each(['08000', '08006', '57P01', '57P02', '57P03', '25P03', 'ECONNRESET', 'ECONNREFUSED', 'EPIPE'])(
    'sees a lost connection in %s',
    (code) => {
      expect(isConnectionLost(coded(code))).toBe(true);
    },
  );

  it.each(['23505', '40001', '40P01', '57014', '42P01', '22P05'])('sees a refused statement, not a lost connection, in %s', (code) => {
    expect(isConnectionLost(coded(code))).toBe(false);
  });

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client has encountered a connection error and is not queryable',
  ])('knows what pg says without a code: %s', (message) => expect(isConnectionLost(new Error(message))).toBe(true));

  it("looks inside: causes, TypeORM's driver error, and attempts on several addresses", () => {
    expect(isConnectionLost(new Error('x', { cause: coded('ECONNRESET') }))).toBe(true);
    expect(isConnectionLost(Object.assign(new Error('QueryFailedError'), { driverError: coded('57P01') }))).toBe(true);
    expect(isConnectionLost(new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]))).toBe(true);
  });

  it('knows its own errors, and nothing that is no error', () => {
    expect(isConnectionLost(new DatabaseUnavailable('x'))).toBe(true);
    expect(isConnectionLost(new CommitUnknown('x'))).toBe(true);
    for (const other of [undefined, null, 'ECONNRESET', { code: 'ECONNRESET' }]) expect(isConnectionLost(other)).toBe(false);
  });
});
