import type { Fleet, UnitReport } from './fleet/fleet.ts';

/** Where progress is shown: a terminal's line is redrawn, anything else gets a line now and then. */
export interface ProgressOutput {
  readonly isTerminal: boolean;
  write(text: string): void;
}

const REDRAW_MS = 500;
const LINE_MS = 10_000;
const FAULTS_SHOWN = 4;

/** Shows the fleet's state until disposed. `say` puts a line of its own between the drawings. */
export function startProgress(
  fleet: Fleet,
  output: ProgressOutput,
): Disposable & { say: (line: string) => void } {
  const draw = (): void => {
    const line = progressLine(fleet);
    output.write(output.isTerminal ? `\r\u001b[K${line}` : `${line}\n`);
  };
  draw();
  const timer = setInterval(draw, output.isTerminal ? REDRAW_MS : LINE_MS);
  return {
    say: (line) => output.write(output.isTerminal ? `\r\u001b[K${line}\n` : `${line}\n`),
    [Symbol.dispose]() {
      clearInterval(timer);
      draw();
      if (output.isTerminal) output.write('\n');
    },
  };
}

/** One line: how many are connected, what went out and came back, what waits, what is broken. */
export function progressLine(fleet: Fleet): string {
  const counts = fleet.counts();
  const faulty = fleet.units().filter((unit) => unit.faults.length > 0);
  const shown = faulty.slice(0, FAULTS_SHOWN).map((unit) => `${unit.id} ${unit.faults.join('+')}`);
  if (faulty.length > FAULTS_SHOWN) shown.push(`and ${faulty.length - FAULTS_SHOWN} more`);
  const parts = [
    ...connectedOf(fleet.units()),
    `sent ${counts.sent}`,
    `acknowledged ${counts.acknowledged}`,
    `buffered ${counts.buffered}`,
  ];
  if (counts.dropped > 0) parts.push(`dropped ${counts.dropped}`);
  parts.push(shown.length === 0 ? 'no faults' : `faults: ${shown.join(', ')}`);
  return parts.join(' · ');
}

function connectedOf(units: readonly UnitReport[]): readonly string[] {
  return [
    ['connected', units.filter(({ kind }) => kind === 'ac_unit')] as const,
    ['piles', units.filter(({ kind }) => kind === 'charging_pile')] as const,
  ].flatMap(([name, some]) =>
    some.length === 0
      ? []
      : [`${name} ${some.filter(({ isConnected }) => isConnected).length}/${some.length}`],
  );
}
