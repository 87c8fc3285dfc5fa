import { Type } from 'typebox';
import { RecordId } from '#contracts/ids.ts';
import { WorkOrder } from '#contracts/work-orders.ts';
import type { HttpInstance } from '#platform/http/routes.ts';
import { addAssistant, removeAssistant } from './assistants.ts';
import { toWorkOrder } from './order-views.ts';
import type { WorkOrderDeps } from './ports.ts';

const tags = ['work-orders'];
const config = { permission: 'work_orders:dispatch' } as const;

/** Who helps an order's technician. */
export function assistantRoutes(deps: WorkOrderDeps, app: HttpInstance): void {
  app.post(
    '/work-orders/:id/assistants',
    {
      config,
      schema: {
        tags,
        summary: 'Give the technician a helper',
        description: 'The helper sees the order and notes work on it; its steps stay with the technician.',
        params: Type.Object({ id: RecordId }),
        body: Type.Object({ technicianId: RecordId }, { additionalProperties: false }),
        response: { 200: WorkOrder },
      },
    },
    async ({ actor, params, body }) =>
      toWorkOrder(await addAssistant(deps, actor, { id: params.id, technicianId: body.technicianId })),
  );
  app.delete(
    '/work-orders/:id/assistants/:technicianId',
    {
      config,
      schema: {
        tags,
        summary: 'Let a helper go',
        params: Type.Object({ id: RecordId, technicianId: RecordId }),
        response: { 200: WorkOrder },
      },
    },
    async ({ actor, params }) => toWorkOrder(await removeAssistant(deps, actor, params)),
  );
}
