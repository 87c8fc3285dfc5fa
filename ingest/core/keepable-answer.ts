import { keepableText } from './keepable.ts';

/** An answer to a command whose words a database keeps: its status counts whatever the device says of it. */
export function keepableAnswer(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return answer;
  const { id, status, detail, ts } = answer as Readonly<Record<string, unknown>>;
  return {
    id,
    status,
    ...(detail !== undefined && { detail: typeof detail === 'string' ? keepableText(detail) : detail }),
    ...(ts !== undefined && { ts }),
  };
}
