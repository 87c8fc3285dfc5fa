import { expect, test } from 'vitest';
import { COMMANDS } from '#contracts/commands.ts';
import { startsEquipment } from './starts-equipment.ts';

test('what sets equipment going, lets go of a plug or ends a session counts; asking and stopping do not', () => {
  const args = { type: 'Operative', mode: 'cool' };
  const names = COMMANDS.filter((command) => startsEquipment(command, args)).map(({ name }) => name);
  expect(names).toEqual([
    'restart',
    'clear_fault',
    'set_mode',
    'reset',
    'unlock_connector',
    'change_availability',
  ]);
  const stops = { type: 'Inoperative', mode: 'off' };
  const stopping = COMMANDS.filter(({ name }) => name === 'set_mode' || name === 'change_availability');
  expect(stopping.filter((command) => startsEquipment(command, stops))).toEqual([]);
});
