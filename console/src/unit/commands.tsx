import { useQuery } from '@tanstack/react-query';
import { Card } from 'antd';
import type { Command } from '#contracts/commands.ts';
import type { Device } from '#contracts/devices.ts';
import { commandsQuery } from '../api/queries.ts';
import { Answer } from '../desk/answer.tsx';
import { CommandMark, useCommandTexts } from '../desk/command-marks.tsx';
import { Instant } from '../desk/instant.tsx';
import { usePersonName } from '../desk/names.ts';
import { useTexts } from '../i18n/i18n.ts';
import { DetailLink } from '../link.tsx';

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
            <ul className="plain commands">
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
  const { t } = useTexts();
  const { nameOfCommand, argsOf, detailOf } = useCommandTexts();
  const personName = usePersonName();
  const { name, args, detail, status, queuedAt, requestedBy, ticketId } = command;
  return (
    <li className="card-line">
      <span>
        <b>{nameOfCommand(name)}</b> {argsOf(args)}
        <span className="command-facts quiet">
          <Instant at={queuedAt} />
          <span>{personName(requestedBy)}</span>
          {ticketId !== null && (
            <DetailLink detail={{ kind: 'ticket', id: ticketId }}>{t('field.ticket')}</DetailLink>
          )}
          {detail !== null && <span>{detailOf(detail)}</span>}
        </span>
      </span>
      <CommandMark status={status} />
    </li>
  );
}
