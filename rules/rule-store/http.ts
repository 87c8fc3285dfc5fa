import { Type } from 'typebox';
import { AlarmRuleChange, AlarmRuleVersion, NewAlarmRule } from '#contracts/rules.ts';
import { Page, PageQuery } from '#platform/http/page.ts';
import type { HttpInstance, Routes } from '#platform/http/routes.ts';
import { activateRule, addRule, addVersion, deactivateRule, type RuleStoreDeps } from './change-rules.ts';
import { listRules, readVersions } from './rule-records.ts';

const READ = { permission: 'rules:read' } as const;
const WRITE = { permission: 'rules:write' } as const;
const tags = ['rules'];
const Params = Type.Object({ id: Type.String({ maxLength: 64 }) });
const ListQuery = Type.Object({
  ...PageQuery,
  active: Type.Optional(Type.Boolean({ description: 'whether it is evaluated now' })),
});
const Versions = Type.Object({ versions: Type.Array(AlarmRuleVersion) });
const ActivateBody = Type.Union([
  Type.Object(
    { version: Type.Optional(Type.Integer({ minimum: 1, description: 'default: the newest' })) },
    { additionalProperties: false },
  ),
  Type.Null(),
]);

/** /rules: list, one with its versions, add, add a version, switch on and off. */
export function ruleRoutes(deps: RuleStoreDeps): Routes {
  return (app) => {
    readRoutes(app, deps);
    writeRoutes(app, deps);
    switchRoutes(app, deps);
  };
}

function readRoutes(app: HttpInstance, { db }: RuleStoreDeps): void {
  app.get(
    '/rules',
    {
      config: READ,
      schema: { tags, summary: 'Rules', querystring: ListQuery, response: { 200: Page(AlarmRuleVersion) } },
    },
    ({ query }) => listRules(db, query),
  );
  app.get(
    '/rules/:id',
    {
      config: READ,
      schema: {
        tags,
        summary: 'A rule, the newest version first',
        params: Params,
        response: { 200: Versions },
      },
    },
    async ({ params }) => ({ versions: await readVersions(db, params.id) }),
  );
}

function writeRoutes(app: HttpInstance, deps: RuleStoreDeps): void {
  app.post(
    '/rules',
    {
      config: WRITE,
      schema: {
        tags,
        summary: 'Add a rule, as a draft',
        description:
          'Nothing is evaluated until the draft is activated. A condition that does not compile is refused with 422 and its place; 409 `RULES_RULE_EXISTS`: add a version instead.',
        body: NewAlarmRule,
        response: { 201: AlarmRuleVersion },
      },
    },
    async ({ actor, body }, reply) => reply.code(201).send(await addRule(deps, { rule: body, actor })),
  );
  app.post(
    '/rules/:id/versions',
    {
      config: WRITE,
      schema: {
        tags,
        summary: 'Add a version of a rule, as a draft',
        params: Params,
        body: AlarmRuleChange,
        response: { 201: AlarmRuleVersion },
      },
    },
    async ({ actor, params, body }, reply) =>
      reply.code(201).send(await addVersion(deps, { ruleId: params.id, change: body, actor })),
  );
}

function switchRoutes(app: HttpInstance, deps: RuleStoreDeps): void {
  const response = { 200: AlarmRuleVersion };
  app.post(
    '/rules/:id/activate',
    {
      config: WRITE,
      schema: {
        tags,
        summary: 'Evaluate a version of the rule from now on; the newest unless told',
        params: Params,
        body: ActivateBody,
        response,
      },
    },
    ({ actor, params, body }) => activateRule(deps, { ruleId: params.id, version: body?.version, actor }),
  );
  app.post(
    '/rules/:id/deactivate',
    { config: WRITE, schema: { tags, summary: 'Stop evaluating the rule', params: Params, response } },
    ({ actor, params }) => deactivateRule(deps, { ruleId: params.id, actor }),
  );
}
