import type { AlarmRule } from '#contracts/rules.ts';
import { AC_RULES } from './ac-rules.ts';
import { PILE_RULES } from './pile-rules.ts';

/** Every rule that ships. */
export const SHIPPED_RULES: readonly AlarmRule[] = [...AC_RULES, ...PILE_RULES];
