import type { Certificate, CertificateStatus, NewCertificate } from '#contracts/people.ts';
import { instantMs, isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { Audit } from '#platform/audit/audit.ts';
import { type Actor, actorId, partnerCentreId } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { AftercareError, invalidField, notFound } from '#platform/errors.ts';
import { decodeRecordCursor, type PageOf, type PageQueryOf, pageOf } from '#platform/http/page.ts';
import { newId } from '#platform/ids.ts';
import { findCentre } from '../centres/index.ts';
import { requireSkill } from './attested-skills.ts';
import { findTechnician } from './records.ts';
import type { CertificateRow, PeopleTables } from './tables.ts';
import type { ReleaseUncertified } from './technician-store.ts';

interface CertificateDeps {
  readonly audit: Audit;
  readonly clock: Clock;
}

interface CertificateQuery extends PageQueryOf {
  readonly technicianId?: string;
  readonly centreId?: string;
  readonly status?: CertificateStatus;
}

/** Certificates, the newest first; a partner's people see those of their centre and its technicians. */
export async function listCertificates(
  db: Db,
  actor: Actor,
  query: CertificateQuery,
): Promise<PageOf<Certificate>> {
  const { limit = 50, technicianId, centreId, status } = query;
  const after = decodeRecordCursor(query.cursor);
  const partner = partnerCentreId(actor);
  let select = db.withTables<PeopleTables>().selectFrom('certificate').selectAll();
  if (after !== undefined) select = select.where('id', '<', after);
  if (technicianId !== undefined) select = select.where('technician_id', '=', technicianId);
  if (centreId !== undefined) select = select.where('centre_id', '=', centreId);
  if (status !== undefined) select = select.where('status', '=', status);
  if (partner !== null) {
    select = select.where((eb) =>
      eb.or([
        eb('centre_id', '=', partner),
        eb(
          'technician_id',
          'in',
          eb.selectFrom('technician').select('technician.id').where('technician.centre_id', '=', partner),
        ),
      ]),
    );
  }
  const rows = await select
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit, toCertificate);
}

/** Prepares a certificate: it counts for nothing until somebody else has signed it. */
export async function prepareCertificate(
  { audit, clock }: CertificateDeps,
  tx: Tx,
  { actor, certificate }: { readonly actor: Actor; readonly certificate: NewCertificate },
): Promise<Certificate> {
  const { technicianId = null, centreId = null, skill, issuer, validUntil = null } = certificate;
  requireSkill('skill', skill);
  await requireHolder(tx, { technicianId, centreId });
  const row = await tx
    .withTables<PeopleTables>()
    .insertInto('certificate')
    .values({
      id: newId(),
      technician_id: technicianId,
      centre_id: centreId,
      skill,
      basis: 'examined',
      document_number: certificate.documentNumber ?? null,
      issuer,
      status: 'prepared',
      prepared_by: actorId(actor),
      prepared_at: new Date(clock.nowMs()),
      signed_by: null,
      valid_until: validUntil === null ? null : new Date(instantMs(validUntil)),
      revoked_because: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await record({ audit }, tx, { actor, row, from: null });
  return toCertificate(row);
}

/** Signs a prepared certificate: from now on the skill counts. 409 for whoever prepared it. */
export async function issueCertificate(
  { audit, clock }: CertificateDeps,
  tx: Tx,
  { actor, id }: { readonly actor: Actor; readonly id: string },
): Promise<Certificate> {
  const row = await lock(tx, id);
  if (row.status !== 'prepared') throw wrongStatus(row, 'issue');
  const by = actorId(actor);
  if (row.prepared_by === by) {
    throw new AftercareError(
      'CERTIFICATE_SELF_SIGNED',
      `certificate ${row.number} was prepared by you: somebody else signs it`,
      { kind: 'conflict', fields: [{ field: 'signedBy', message: 'prepared it' }] },
    );
  }
  const issued = await tx
    .withTables<PeopleTables>()
    .updateTable('certificate')
    .set({ status: 'issued', signed_by: by, issued_at: new Date(clock.nowMs()) })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await record({ audit }, tx, { actor, row: issued, from: row.status });
  return toCertificate(issued);
}

/** Takes a certificate back, prepared or issued: the skill does not count any more, and orders that need it go back. */
export async function revokeCertificate(
  { audit, clock, releaseUncertified }: CertificateDeps & { readonly releaseUncertified: ReleaseUncertified },
  tx: Tx,
  { actor, id, reason }: { readonly actor: Actor; readonly id: string; readonly reason: string },
): Promise<Certificate> {
  const row = await lock(tx, id);
  if (row.status === 'revoked') throw wrongStatus(row, 'revoke');
  const revoked = await tx
    .withTables<PeopleTables>()
    .updateTable('certificate')
    .set({ status: 'revoked', revoked_at: new Date(clock.nowMs()), revoked_because: reason })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await record({ audit }, tx, { actor, row: revoked, from: row.status });
  const { technician_id: technicianId, centre_id: centreId, skill } = revoked;
  await releaseUncertified(tx, { technicianId, centreId, skill });
  return toCertificate(revoked);
}

async function lock(tx: Tx, id: string): Promise<CertificateRow> {
  const row = await tx
    .withTables<PeopleTables>()
    .selectFrom('certificate')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw notFound('certificate', id);
  return row;
}

async function requireHolder(
  tx: Tx,
  { technicianId, centreId }: { readonly technicianId: string | null; readonly centreId: string | null },
): Promise<void> {
  if ((technicianId === null) === (centreId === null)) {
    throw invalidField('CERTIFICATE_HOLDER', 'technicianId', 'name either a technician or a centre');
  }
  if (technicianId !== null && (await findTechnician(tx, technicianId)) === undefined) {
    throw invalidField('CERTIFICATE_HOLDER', 'technicianId', `no technician ${technicianId}`);
  }
  if (centreId !== null && (await findCentre(tx, centreId)) === undefined) {
    throw invalidField('CERTIFICATE_HOLDER', 'centreId', `no centre ${centreId}`);
  }
}

function wrongStatus({ number, status }: CertificateRow, action: string): AftercareError {
  return new AftercareError(
    'CERTIFICATE_ILLEGAL_TRANSITION',
    `certificate ${number} is ${status}: ${action} is not allowed now`,
    { kind: 'conflict', allowed: status === 'issued' ? ['revoke'] : [] },
  );
}

async function record(
  { audit }: Pick<CertificateDeps, 'audit'>,
  tx: Tx,
  { actor, row, from }: { readonly actor: Actor; readonly row: CertificateRow; readonly from: string | null },
): Promise<void> {
  const { technician_id: technicianId, centre_id: centreId, skill } = row;
  await audit.record(tx, {
    actor,
    action: `certificate.${row.status}`,
    entity: 'certificate',
    entityId: row.id,
    fields: {
      status: { from, to: row.status },
      skill: { to: skill },
      holder: { to: technicianId ?? centreId },
      ...(row.revoked_because !== null && { reason: { to: row.revoked_because } }),
    },
  });
}

function toCertificate(row: CertificateRow): Certificate {
  return {
    id: row.id,
    number: row.number,
    technicianId: row.technician_id,
    centreId: row.centre_id,
    skill: row.skill,
    basis: row.basis,
    documentNumber: row.document_number,
    issuer: row.issuer,
    status: row.status,
    preparedBy: row.prepared_by,
    preparedAt: isoTime(row.prepared_at),
    signedBy: row.signed_by,
    issuedAt: isoTimeOrNull(row.issued_at),
    validUntil: isoTimeOrNull(row.valid_until),
    revokedAt: isoTimeOrNull(row.revoked_at),
    revokedBecause: row.revoked_because,
  };
}
