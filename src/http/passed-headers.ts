import type { FastifyRequest } from 'fastify';

const PASSED = ['User-Agent', 'Accept-Language', 'Klarna-Integrator', 'Klarna-Partner'] as const;

/** The caller's headers that Klarna gets to see. */
export function passedHeadersIn(headers: FastifyRequest['headers']): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of PASSED) {
    const value = headers[name.toLowerCase()];
    if (typeof value === 'string' && value !== '') passed[name] = value;
  }
  return passed;
}
