import type { World } from '../klarna/work.js';

/** Writes clock and switches down. They outlive a restart: else time would run backwards, or a story change in the middle. */
export function saveSettings(world: World): void {
  const row = { clock_offset_ms: world.clock.offset, switches: world.switches.changed() };
  world.store.commit([['settings', 'settings', row]], world.clock.now());
}
