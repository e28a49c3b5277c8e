import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  /** Names as they were written, in order. */
  headers: [string, string][];
  header(name: string): string | undefined;
  body: Buffer;
  json(): unknown;
}

/**
 * Sends bytes and reads what comes back until the server closes or the answer is complete. HTTP clients hide the spelling of
 * headers and refuse to send what a careless caller would.
 */
export function sendRaw(url: string, request: string | Buffer | (string | Buffer)[]): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    const finish = () => {
      socket.destroy();
      const answer = parse(Buffer.concat(chunks));
      if (answer === undefined) reject(new Error(`No answer: ${Buffer.concat(chunks).toString('latin1').slice(0, 200)}`));
      else resolve(answer);
    };
    socket.on('error', (error) => (chunks.length > 0 ? finish() : reject(error)));
    socket.on('close', finish);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (isComplete(Buffer.concat(chunks))) finish();
    });
    for (const part of [request].flat()) socket.write(part);
  });
}

export interface CallOptions {
  method?: string;
  path: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
}

/** One request with the headers given, and no others but Host and Content-Length. */
export function call(url: string, { method = 'POST', path, headers = {}, body }: CallOptions): Promise<RawAnswer> {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const all: Record<string, string | string[]> = {
    Host: new URL(url).host,
    Connection: 'close',
    Authorization: `Basic ${Buffer.from('demo:demo').toString('base64')}`,
    ...(bytes === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(bytes.length) }),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, values]) =>
    [values].flat().map((value) => (value === '-' ? '' : `${name}: ${value}\r\n`)),
  );
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  return sendRaw(url, bytes === undefined ? head : Buffer.concat([head, bytes]));
}

function isComplete(bytes: Buffer): boolean {
  const answer = parse(bytes);
  if (answer === undefined) return false;
  const length = answer.header('content-length');
  return answer.status === 204 || (length !== undefined && answer.body.length >= Number(length));
}

function parse(bytes: Buffer): RawAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const body = bytes.subarray(end + 4);
  return {
    status: Number(first.split(' ')[1]),
    headers,
    header: (name) => headers.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1],
    body,
    json: () => JSON.parse(body.toString()) as unknown,
  };
}
