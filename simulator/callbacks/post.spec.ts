import { describe, expect, it } from '@jest/globals';
import http from 'node:http';
import { Socket } from 'node:net';
import { post } from './post.js';

/** Never connects. */
function nowhere(): http.Agent {
  const agent = new http.Agent();
  agent.createConnection = () => Object.defineProperty(new Socket(), 'connecting', { value: true });
  return agent;
}

describe('a post to somebody who cannot be reached', () => {
  it('is given up when the time to connect is over', async () => {
    const way = { connectMs: 20, readMs: 60_000, agent: nowhere() };
    await expect(post('http://127.0.0.1:9/', '', way)).rejects.toThrow('no connection within 20 ms');
  });

  it('is given up when the time to answer is over, where that is the only one', async () => {
    await expect(post('http://127.0.0.1:9/', '', { readMs: 20, agent: nowhere() })).rejects.toThrow('no answer within 20 ms');
  });
});
