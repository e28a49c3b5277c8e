import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { OperationHandler } from './handler.js';
import { KINDS, type OperationKind } from './kinds.js';

/** Finds the handler of a kind. The start fails when a kind has none, or two. */
@Injectable()
export class HandlerRegistry implements OnApplicationBootstrap {
  private readonly handlers = new Map<OperationKind, OperationHandler>();

  /** @throws Error when the kind already has a handler */
  register(handler: OperationHandler): void {
    if (this.handlers.has(handler.kind)) throw new Error(`Two handlers are registered for ${handler.kind}`);
    this.handlers.set(handler.kind, handler);
  }

  /** @throws Error when the kind has no handler: an operation of another version of the program */
  handlerOf(kind: OperationKind): OperationHandler {
    const handler = this.handlers.get(kind);
    if (!handler) throw new Error(`No handler is registered for ${kind}`);
    return handler;
  }

  onApplicationBootstrap(): void {
    for (const kind of Object.keys(KINDS) as OperationKind[]) this.handlerOf(kind);
  }
}
