// Tidies up after a demo that was killed. It reads from the demo's pipe what there is (`process <pid> <signal>`, `folder <path>`) and what
// is gone (`gone <pid>`); when the pipe ends without `done`, the demo is dead and what is left is ended and removed here.
import { rmSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { identityOf } from '../../dist/src/persistence/embedded/process-identity.js';

const processes = new Map();
const folders = [];
let done = false;

for await (const line of createInterface({ input: process.stdin })) {
  const [word, value, signal] = line.split('\t');
  if (word === 'process') processes.set(Number(value), signal);
  if (word === 'gone') processes.delete(Number(value));
  if (word === 'folder') folders.push(value);
  if (word === 'done') done = true;
}

if (!done) {
  for (const [pid, signal] of processes) end(pid, signal);
  const lives = (pid) => identityOf(pid) !== undefined;
  for (let round = 0; round < 100 && [...processes.keys()].some(lives); round++) await pause(50);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function end(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended before.
  }
}
