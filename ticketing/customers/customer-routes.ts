import { Type } from 'typebox';
import {
  Contact,
  CUSTOMER_KINDS,
  Customer,
  CustomerChange,
  NewContact,
  NewCustomer,
} from '#contracts/customers.ts';
import { RecordId } from '#contracts/ids.ts';
import { CustomerFile, type Unit } from '#contracts/units.ts';
import type { Db } from '#platform/db/db.ts';
import { notFound } from '#platform/errors.ts';
import { etag, requireIfMatch } from '#platform/http/etag.ts';
import { Page, PageQuery } from '#platform/http/page.ts';
import type { Routes } from '#platform/http/routes.ts';
import {
  addContact,
  addCustomer,
  changeCustomer,
  listCustomers,
  lockCustomer,
  type RegisterDeps,
} from './customer-store.ts';
import { contactsOf, findCustomer, sitesOf } from './records.ts';

export interface CustomerRoutesDeps extends RegisterDeps {
  readonly db: Db;
  /** Units of a customer, from the unit register. */
  readonly unitsOfCustomer: (db: Db, customerId: string) => Promise<Unit[]>;
}

const tags = ['customers'];
const READ = { permission: 'customers:read' } as const;
const WRITE = { permission: 'customers:write' } as const;
const Params = Type.Object({ id: RecordId });
const Query = Type.Object({
  ...PageQuery,
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'part of a name, or a whole number or telephone number',
    }),
  ),
  kind: Type.Optional(Type.Enum(CUSTOMER_KINDS)),
});

/** /customers: list, add, the whole file of one, change, add a contact. */
export function customerRoutes(deps: CustomerRoutesDeps): Routes {
  const { db } = deps;
  return (app) => {
    app.get(
      '/customers',
      {
        config: READ,
        schema: { tags, summary: 'Customers', querystring: Query, response: { 200: Page(Customer) } },
      },
      (request) => listCustomers(db, request.query),
    );
    app.get(
      '/customers/:id',
      {
        config: READ,
        schema: {
          tags,
          summary: "A customer's file: contacts, sites and units",
          params: Params,
          response: { 200: CustomerFile },
        },
      },
      async (request, reply) => {
        const file = await customerFile(deps, request.params.id);
        reply.header('etag', etag(file.version));
        return file;
      },
    );
    app.post(
      '/customers',
      {
        config: WRITE,
        schema: { tags, summary: 'Add a customer', body: NewCustomer, response: { 201: Customer } },
      },
      async ({ actor, body }, reply) => {
        const customer = await db
          .transaction()
          .execute((tx) => addCustomer(deps, tx, { actor, customer: body }));
        return reply.code(201).header('etag', etag(customer.version)).send(customer);
      },
    );
    app.patch(
      '/customers/:id',
      {
        config: WRITE,
        schema: {
          tags,
          summary: 'Change a customer',
          params: Params,
          body: CustomerChange,
          response: { 200: Customer },
        },
      },
      async (request, reply) => {
        const customer = await db.transaction().execute(async (tx) => {
          const current = await lockCustomer(tx, request.params.id);
          requireIfMatch(request, current.version);
          return changeCustomer(deps, tx, { actor: request.actor, current, change: request.body });
        });
        reply.header('etag', etag(customer.version));
        return customer;
      },
    );
    app.post(
      '/customers/:id/contacts',
      {
        config: WRITE,
        schema: {
          tags,
          summary: 'Add a contact of a customer',
          description:
            'A caller whose phone number is a contact of the customer counts as verified on a service request.',
          params: Params,
          body: NewContact,
          response: { 201: Contact },
        },
      },
      async ({ actor, params, body }, reply) => {
        const contact = await db.transaction().execute(async (tx) => {
          const { id } = await lockCustomer(tx, params.id);
          return addContact(deps, tx, { actor, customerId: id, contact: body });
        });
        return reply.code(201).send(contact);
      },
    );
  };
}

async function customerFile({ db, unitsOfCustomer }: CustomerRoutesDeps, id: string): Promise<CustomerFile> {
  const customer = await findCustomer(db, id);
  if (customer === undefined) throw notFound('customer', id);
  return {
    ...customer,
    contacts: await contactsOf(db, id),
    sites: await sitesOf(db, id),
    units: await unitsOfCustomer(db, id),
  };
}
