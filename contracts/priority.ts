import { Type } from 'typebox';

/** Order of response, first to last: impact × urgency (ITIL). */
export const PRIORITIES = ['P1', 'P2', 'P3', 'P4'] as const;
export const Priority = Type.Enum(PRIORITIES);
export type Priority = (typeof PRIORITIES)[number];

export const LEVELS = ['high', 'medium', 'low'] as const;
export type Level = (typeof LEVELS)[number];

/** Priority from impact and urgency: the two ranks added, so high and high is P1, low and low P4. */
export function priorityOf(impact: Level, urgency: Level): Priority {
  const rank = LEVELS.indexOf(impact) + LEVELS.indexOf(urgency);
  return PRIORITIES[Math.min(rank, 3)] ?? 'P4';
}
