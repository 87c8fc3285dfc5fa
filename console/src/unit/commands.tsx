import { useQuery } from '@tanstack/react-query';
import { Card } from 'antd';
import type { Command, CommandStatus } from '#contracts/commands.ts';
import type { Device } from '#contracts/devices.ts';
import { commandsQuery } from '../api/queries.ts';
import { Answer } from '../desk/answer.tsx';
import { Instant } from '../desk/instant.tsx';
import { Mark } from '../desk/marks.tsx';
import { useTexts } from '../i18n/i18n.ts';

const SHOWN = 10;

/** What the device was told to do lately, and what became of it. */
export function Commands({ device }: { readonly device: Device }) {
  const { t } = useTexts();
  const query = useQuery(commandsQuery(device.id));
  return (
    <Card title={<h2>{t('unit.commands')}</h2>}>
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="nothing quiet">{t('empty.commands')}</p>
          ) : (
            <ul className="plain">
              {items.slice(0, SHOWN).map((command) => (
                <CommandLine key={command.id} command={command} />
              ))}
            </ul>
          )
        }
      </Answer>
    </Card>
  );
}

function CommandLine({ command }: { readonly command: Command }) {
  const { nameOf } = useTexts();
  const args = Object.values(command.args).join(', ');
  return (
    <li className="card-line">
      <span>
        <b>{nameOf('commandName', command.name)}</b> {args} <Instant at={command.queuedAt} />
        {command.detail !== null && <div className="quiet">{command.detail}</div>}
      </span>
      <CommandMark status={command.status} />
    </li>
  );
}

function CommandMark({ status }: { readonly status: CommandStatus }) {
  const { nameOf } = useTexts();
  const name = nameOf('commandStatus', status);
  if (status === 'done') {
    return (
      <Mark shape="check" tone="good">
        {name}
      </Mark>
    );
  }
  if (status === 'queued' || status === 'sent' || status === 'accepted') {
    return (
      <Mark shape="half" tone="brand">
        {name}
      </Mark>
    );
  }
  return (
    <Mark shape="cross" tone="critical">
      {name}
    </Mark>
  );
}
