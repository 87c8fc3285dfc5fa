import type { CommandStatus } from '#contracts/commands.ts';
import type { RemoteOutcome, RepairRunStatus } from '#contracts/playbooks.ts';
import { useTexts } from '../i18n/i18n.ts';
import { type Look, Mark } from './marks.tsx';
import { useComponentName } from './names.ts';

const DONE: Look = ['check', 'good'];
const UNDER_WAY: Look = ['half', 'brand'];
const FAILED: Look = ['cross', 'critical'];
const DID_NOT_HELP: Look = ['ring', 'major'];
const LEFT_OUT: Look = ['bar', 'quiet'];

const COMMAND_LOOKS: Readonly<Record<CommandStatus, Look>> = {
  queued: UNDER_WAY,
  sent: UNDER_WAY,
  accepted: UNDER_WAY,
  done: DONE,
  failed: FAILED,
  rejected: FAILED,
  timed_out: FAILED,
  expired: FAILED,
};

export function CommandMark({ status }: { readonly status: CommandStatus }) {
  const { t } = useTexts();
  const [shape, tone] = COMMAND_LOOKS[status];
  return (
    <Mark shape={shape} tone={tone}>
      {t(`commandStatus.${status}`)}
    </Mark>
  );
}

const OUTCOME_LOOKS: Readonly<Record<RemoteOutcome, Look>> = {
  cured: DONE,
  not_cured: DID_NOT_HELP,
  command_failed: FAILED,
  skipped: LEFT_OUT,
};

export function OutcomeMark({ outcome }: { readonly outcome: RemoteOutcome }) {
  const { t } = useTexts();
  const [shape, tone] = OUTCOME_LOOKS[outcome];
  return (
    <Mark shape={shape} tone={tone}>
      {t(`remoteOutcome.${outcome}`)}
    </Mark>
  );
}

const RUN_LOOKS: Readonly<Record<RepairRunStatus, Look>> = {
  running: UNDER_WAY,
  cured: DONE,
  failed: DID_NOT_HELP,
  aborted: LEFT_OUT,
};

export function RunMark({ status }: { readonly status: RepairRunStatus }) {
  const { t } = useTexts();
  const [shape, tone] = RUN_LOOKS[status];
  return (
    <Mark shape={shape} tone={tone}>
      {t(`runStatus.${status}`)}
    </Mark>
  );
}

/** How the ledger joins what ended a command and what the device said after that. */
const LATE = /^(.*); later: (\w+)(?: \((.*)\))?$/s;

/** Where a word that was said of a command is looked up: what said it is not known. */
const WORDS = ['commandDetail', 'moveReason', 'commandStatus'] as const;

/** Commands, their arguments and what was said of them, as people read them. */
export function useCommandTexts() {
  const { t, nameOf } = useTexts();
  const componentName = useComponentName();
  const wordOf = (word: string): string =>
    WORDS.map((group) => nameOf(group, word)).find((text) => text !== word) ?? word;
  const detailOf = (detail: string): string => {
    const [, ended, said, why] = LATE.exec(detail) ?? [];
    if (ended === undefined || said === undefined) return wordOf(detail);
    const late = [nameOf('commandStatus', said), why && wordOf(why)].filter(Boolean);
    return t('detail.late', { detail: detailOf(ended), said: late.join(' · ') });
  };
  return {
    nameOfCommand: (name: string) => nameOf('commandName', name),
    argsOf: (args: Readonly<Record<string, unknown>>): string =>
      Object.entries(args)
        .map(([name, value]) => {
          if (name === 'connectorId') return componentName(value === 0 ? '' : `connector-${value}`);
          return name === 'mode' ? nameOf('mode', String(value)) : nameOf('commandArg', String(value));
        })
        .filter((text) => text !== '')
        .join(' · '),
    detailOf,
  };
}
