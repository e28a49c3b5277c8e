import 'reflect-metadata';
import { rebuild } from './boot/rebuild-queue.js';

await rebuild();
