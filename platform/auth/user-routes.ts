import { type Static, Type } from 'typebox';
import { RecordId } from '#contracts/ids.ts';
import { ROLES } from '#contracts/permissions.ts';
import { etag, requireIfMatch } from '../http/etag.ts';
import { decodeRecordCursor, Page, PageQuery, pageOf } from '../http/page.ts';
import type { Routes } from '../http/routes.ts';
import type { User as StoredUser, Users } from './users.ts';

const RoleList = Type.Array(Type.Enum(ROLES), { uniqueItems: true });
const DisplayName = Type.String({ minLength: 1, maxLength: 100 });
const TechnicianId = Type.Union([RecordId, Type.Null()]);
const Password = Type.String({ maxLength: 200, description: '10 characters or more' });

const User = Type.Object({
  id: RecordId,
  username: Type.String(),
  displayName: Type.String(),
  roles: RoleList,
  technicianId: TechnicianId,
  centreId: Type.Union([RecordId, Type.Null()], { description: 'set by /centres/{id}/members' }),
  isActive: Type.Boolean(),
  version: Type.Integer(),
  createdAt: Type.String({ format: 'date-time' }),
});

const NewUser = Type.Object(
  {
    username: Type.String({ pattern: '^[A-Za-z0-9._@-]{2,64}$' }),
    displayName: DisplayName,
    roles: RoleList,
    password: Password,
    technicianId: Type.Optional(TechnicianId),
  },
  { additionalProperties: false },
);

const UserChange = Type.Object(
  {
    displayName: Type.Optional(DisplayName),
    roles: Type.Optional(RoleList),
    isActive: Type.Optional(Type.Boolean()),
    technicianId: Type.Optional(TechnicianId),
    password: Type.Optional(Password),
  },
  { additionalProperties: false, minProperties: 1 },
);

const ById = Type.Object({ id: RecordId });
const ListQuery = Type.Object(PageQuery, { additionalProperties: false });

const config = { permission: 'users:write' } as const;
const tags = ['users'];

/** People who sign in, by those who may manage them. */
export function userRoutes({ users }: { readonly users: Users }): Routes {
  return (app) => {
    app.get(
      '/users',
      { config, schema: { tags, summary: 'Users', querystring: ListQuery, response: { 200: Page(User) } } },
      async ({ query: { limit = 50, cursor } }) =>
        pageOf(await users.list({ limit: limit + 1, before: decodeRecordCursor(cursor) }), limit, present),
    );
    app.get(
      '/users/:id',
      { config, schema: { tags, summary: 'A user', params: ById, response: { 200: User } } },
      async (request, reply) => {
        const user = await users.find(request.params.id);
        reply.header('etag', etag(user.version));
        return present(user);
      },
    );
    app.post(
      '/users',
      {
        config,
        schema: { tags, summary: 'Add a user with a first password', body: NewUser, response: { 201: User } },
      },
      async ({ actor, body }, reply) => {
        const user = await users.create(actor, { ...body, technicianId: body.technicianId ?? null });
        reply.code(201).header('location', `/api/v1/users/${user.id}`).header('etag', etag(user.version));
        return present(user);
      },
    );
    app.patch(
      '/users/:id',
      {
        config,
        schema: {
          tags,
          summary: "Change a user's name, roles, password, or whether they may sign in",
          params: ById,
          body: UserChange,
          response: { 200: User },
        },
      },
      async (request, reply) => {
        const user = await users.change(request.actor, request.params.id, {
          change: request.body,
          guard: ({ version }) => requireIfMatch(request, version),
        });
        reply.header('etag', etag(user.version));
        return present(user);
      },
    );
  };
}

function present({ createdAtMs, roles, centre, ...user }: StoredUser): Static<typeof User> {
  return {
    ...user,
    roles: [...roles],
    centreId: centre?.id ?? null,
    createdAt: new Date(createdAtMs).toISOString(),
  };
}
