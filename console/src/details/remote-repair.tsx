import { findPlaybook, type RemoteAttempt, type RemoteRun } from '#contracts/playbooks.ts';
import { CommandMark, OutcomeMark, RunMark, useCommandTexts } from '../desk/command-marks.tsx';
import { Instant } from '../desk/instant.tsx';
import { VerificationMark } from '../desk/marks.tsx';
import { usePersonName, useReasonText } from '../desk/names.ts';
import { formatTime } from '../format/times.ts';
import { useTexts } from '../i18n/i18n.ts';
import { Part, Steps } from './parts.tsx';

interface RemoteRepairProps {
  /** An order names the attempts only. */
  readonly runs: readonly RemoteRun[];
  readonly attempts: readonly RemoteAttempt[];
}

/** What was tried before anybody drove: each run, its commands and what each came to. */
export function RemoteRepair({ runs, attempts }: RemoteRepairProps) {
  const { t } = useTexts();
  const runIds = [...new Set([...runs, ...attempts].map((each) => ('id' in each ? each.id : each.runId)))];
  if (runIds.length === 0) return null;
  return (
    <Part title={t('detail.remote')}>
      {runIds.map((runId) => (
        <Run
          key={runId}
          run={runs.find(({ id }) => id === runId)}
          attempts={attempts.filter((attempt) => attempt.runId === runId)}
        />
      ))}
    </Part>
  );
}

interface RunProps {
  readonly run: RemoteRun | undefined;
  readonly attempts: readonly RemoteAttempt[];
}

function Run({ run, attempts }: RunProps) {
  const { local } = useTexts();
  const name = run?.playbook ?? attempts[0]?.playbook ?? '';
  const label = findPlaybook(name)?.label;
  return (
    <section className="remote-run">
      <p className="card-line">
        <b>{label === undefined ? name : local(label)}</b>
        {run !== undefined && <RunMark status={run.status} />}
      </p>
      {run !== undefined && <RunFacts run={run} />}
      <Steps
        steps={attempts.map((attempt, index) => ({
          key: `${attempt.step} ${attempt.commandId ?? index}`,
          at: attempt.at,
          children: <Attempt attempt={attempt} />,
        }))}
      />
    </section>
  );
}

/** Who began it, why it ended as it did, and whether the cure holds. */
function RunFacts({ run }: { readonly run: RemoteRun }) {
  const { t, language } = useTexts();
  const personName = usePersonName();
  const reasonText = useReasonText();
  const { startedBy, startedAt, endedAt, reason, waitingSince, verification } = run;
  return (
    <>
      <p className="quiet">
        {personName(startedBy)} · <Instant at={startedAt} />
        {endedAt !== null && (
          <>
            {' – '}
            <Instant at={endedAt} />
          </>
        )}
        {reason !== null && ` · ${reasonText(reason)}`}
        {waitingSince !== null &&
          ` · ${t('detail.waitsForSession', { time: formatTime(Date.parse(waitingSince), Date.now(), language) })}`}
      </p>
      {verification !== 'none' && (
        <p>
          <VerificationMark verification={verification} />
        </p>
      )}
    </>
  );
}

function Attempt({ attempt }: { readonly attempt: RemoteAttempt }) {
  const { nameOfCommand, argsOf, detailOf } = useCommandTexts();
  const { command, args, status, detail, outcome } = attempt;
  return (
    <>
      <div className="card-line">
        <span>
          <b>{nameOfCommand(command)}</b> <span className="quiet">{argsOf(args)}</span>
        </span>
        {outcome !== null && <OutcomeMark outcome={outcome} />}
      </div>
      <div className="attempt">
        {status !== null && <CommandMark status={status} />}
        {detail !== null && <span className="quiet">{detailOf(detail)}</span>}
      </div>
    </>
  );
}
