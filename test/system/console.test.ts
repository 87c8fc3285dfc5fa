import type { Locator, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { signIn as openSession } from '#test/support/api-client.ts';
import { hasBrowser, openPage } from '#test/support/browser.ts';
import { buildConsole, firstLoadBytes } from '#test/support/built-console.ts';
import { eventually } from '#test/support/eventually.ts';
import { openTestApp, type TestApp, type TestDevice } from '#test/support/test-app.ts';
import type { TestPile } from '#test/support/test-pile.ts';

const KB = 1_000;
const WAIT_MS = 120_000;
const DESK = { viewport: { width: 1440, height: 900 }, locale: 'en-GB' };
const PHONE = { viewport: { width: 390, height: 844 }, locale: 'zh-CN', hasTouch: true };

const isShown = hasBrowser();

beforeAll(buildConsole);

/** A site with one unit that has reported for ten minutes, and a technician of ours who could be sent. */
async function openSite(app: TestApp): Promise<TestDevice> {
  const technician = { name: 'Chen Wei', phone: '13900000000', skills: ['refrigeration'] };
  await app.api.post('/technicians', technician);
  return openUnit(app);
}

async function openUnit(app: TestApp): Promise<TestDevice> {
  const { api } = app;
  const customer = await api.post('/customers', { kind: 'corporate', name: 'Harbour Hotel' });
  const site = await api.post('/sites', {
    customerId: customer.id,
    name: 'Tower',
    address: '1 Harbour Road',
  });
  const device = await app.openDevice({ id: 'ac-1', serial: 'SN-77', siteId: site.id });
  const nowMs = Date.now();
  await device.publish(
    'telemetry',
    Array.from({ length: 40 }, (_, index) => ({
      ts: nowMs - (39 - index) * 15_000,
      values: { supply_temp: 13 + Math.sin(index / 4), return_temp: 25.5, compressor_hz: 48, power: 1_240 },
    })),
  );
  return device;
}

async function signIn(page: Page, app: TestApp): Promise<void> {
  await signInAs(page, 'admin', app.app.adminPassword ?? '');
}

async function signInAs(page: Page, username: string, password: string): Promise<void> {
  await page.locator('input[name=username]').fill(username);
  await page.locator('input[name=password]').fill(password);
  await page.locator('button[type=submit]').click();
}

const row = (page: Page, text: string): Locator => page.getByRole('row').filter({ hasText: text });

/** In the browser: how many pixels of the first chart have the colour of its first line. */
const LINE_PIXELS = `(() => {
  const canvas = document.querySelector('.chart canvas');
  if (canvas === null) return 0;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] === 11 && data[at + 1] === 85 && data[at + 2] === 99) count += 1;
  }
  return count;
})()`;

/** Waits until the chart holds a line. */
function expectLine(page: Page): Promise<void> {
  return eventually(async () => expect(await page.evaluate<number>(LINE_PIXELS)).toBeGreaterThan(20));
}

function widthOf(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth');
}

test('sign-in and the overview are within their budgets', async () => {
  const entry = 'index.html';
  expect(await firstLoadBytes([entry])).toBeLessThan(150 * KB);
  expect(await firstLoadBytes([entry, 'src/desk/desk.tsx'])).toBeLessThan(400 * KB);
});

test.skipIf(!isShown)(
  'a unit that reports appears, its fault becomes alarm, ticket and order without a reload, and its hour is drawn',
  async () => {
    await using app = await openTestApp();
    const device = await openSite(app);
    await using window = await openPage(app.httpUrl, DESK);
    const { page, complaints } = window;
    await page.goto('/');
    await signIn(page, app);

    await row(page, 'ac-1').getByText('1.24 kW').waitFor();
    await row(page, 'SN-77').getByText('Online').waitFor();
    await page.getByRole('status').getByText('Live').waitFor();
    await page.evaluate('document.body.setAttribute("data-loaded", "once")');
    await page.getByRole('tab', { name: 'Alarms' }).click();
    await page.getByText('No open alarm').waitFor();

    await device.publish('fault', { code: 'E1', state: 'raised' });
    await row(page, 'ac-1').getByText('Critical').waitFor();
    await row(page, 'ac-1').getByRole('button', { name: 'Acknowledge' }).click();
    await row(page, 'ac-1').getByText('Acknowledged', { exact: true }).waitFor();
    await page.getByRole('tab', { name: 'Tickets' }).click();
    await row(page, 'TK-000001').getByText('High pressure').waitFor();
    await page.getByRole('tab', { name: 'Work orders' }).click();
    await row(page, 'WO-000001').getByText('Chen Wei').waitFor();

    await page.getByRole('link', { name: 'WO-000001' }).click();
    await page.getByRole('dialog').getByText('1 Harbour Road').waitFor();
    await page.goBack();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });

    await row(page, 'WO-000001').getByRole('link', { name: 'ac-1' }).click();
    await page.getByRole('heading', { name: 'ac-1' }).waitFor();
    await page.getByRole('img', { name: /Supply air temperature: 12\.\d °C to 14\.0 °C/ }).waitFor();
    await expectLine(page);
    await page.getByText('Alarms in this hour').waitFor();
    expect(await page.locator('body').getAttribute('data-loaded')).toBe('once');

    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('heading', { name: '最近一小时' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: '最近一小时' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    expect(await widthOf(page)).toBe(DESK.viewport.width);
    expect(complaints).toEqual([]);
  },
  WAIT_MS,
);

test.skipIf(!isShown)(
  'a phone shows the same in the language of its owner, and nothing is wider than the phone',
  async () => {
    await using app = await openTestApp();
    const device = await openSite(app);
    await device.publish('fault', { code: 'E1', state: 'raised' });
    await using window = await openPage(app.httpUrl, PHONE);
    const { page, complaints } = window;
    await page.goto('/');
    await signIn(page, app);

    await page.getByRole('link', { name: /ac-1.*在线.*紧急/s }).waitFor();
    expect(await widthOf(page)).toBe(PHONE.viewport.width);
    for (const [tab, text] of [
      ['告警', '设备上报故障码 E1'],
      ['工单', 'TK-000001'],
      ['派工单', 'WO-000001'],
    ] as const) {
      await page.getByRole('tab', { name: tab, exact: true }).click();
      await page.getByRole('tabpanel').getByText(text).waitFor();
      expect(await widthOf(page), tab).toBe(PHONE.viewport.width);
    }
    await page.getByRole('link', { name: 'ac-1' }).click();
    await expectLine(page);
    expect(await widthOf(page)).toBe(PHONE.viewport.width);
    expect(complaints).toEqual([]);
  },
  WAIT_MS,
);

test.skipIf(!isShown)(
  'a wrong password is told so, and a session that ends leads to sign-in and back to where one was',
  async () => {
    await using app = await openTestApp();
    await using window = await openPage(app.httpUrl, DESK);
    const { page } = window;
    await page.goto('/tickets');
    await signInAs(page, 'admin', 'not the password');
    await page.getByText('User name or password is wrong.').waitFor();
    await signIn(page, app);
    await page.getByText('No open ticket.').waitFor();

    await page.context().clearCookies();
    await page.getByText('Your session has ended.').waitFor();
    await signIn(page, app);
    await page.getByText('No open ticket.').waitFor();
    expect(new URL(page.url()).pathname).toBe('/tickets');

    await page.getByRole('button', { name: /Account/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
  },
  WAIT_MS,
);

/** What a pile's connector reports while a vehicle charges. */
async function charge(pile: TestPile): Promise<void> {
  const startMs = Date.now() - 60_000;
  const at = (seconds: number) => new Date(startMs + seconds * 1_000).toISOString();
  const start = { connectorId: 2, idTag: 'TAG', meterStart: 1_000, timestamp: at(0) };
  const { transactionId } = await pile.call('StartTransaction', start);
  const sampledValue = [
    { value: '7.2', measurand: 'Power.Active.Import', unit: 'kW' },
    { value: '31', measurand: 'Temperature', location: 'Outlet', unit: 'Celsius' },
  ];
  await pile.call('MeterValues', {
    connectorId: 2,
    transactionId,
    meterValue: [{ timestamp: at(20), sampledValue }],
  });
  await pile.call('StopTransaction', { transactionId, meterStop: 4_500, timestamp: at(30), reason: 'Local' });
}

test.skipIf(!isShown)(
  'A11: a pile shows its connectors, sessions and commands, and its ticket what was cured from afar without an order',
  async () => {
    await using app = await openTestApp();
    await openSite(app);
    const pile = await app.openPile();
    pile.answer('UnlockConnector', { status: 'Unlocked' }, () => pile.status());
    await charge(pile);
    await pile.status({ connectorId: 2 });
    await pile.status({ errorCode: 'ConnectorLockFailure' });
    await using window = await openPage(app.httpUrl, DESK);
    const { page, complaints } = window;
    await page.goto('/');
    await signIn(page, app);

    await row(page, 'pile-1').getByText('Connector 2').waitFor();
    await page.getByText('Charging pile', { exact: true }).first().click();
    await row(page, 'ac-1').waitFor({ state: 'detached' });
    await page.getByText('2', { exact: true }).and(page.locator('.counter-value')).waitFor();
    await row(page, 'pile-1').getByRole('link').click();
    await page.getByRole('heading', { name: 'Charging sessions' }).waitFor();
    await row(page, 'Ended at the pile').getByText('3.5 kWh').waitFor();
    await page.getByRole('heading', { name: 'Connector 1', exact: true }).waitFor();
    await page.getByRole('img', { name: /Charging power · Connector 2: 7\.20 kW/ }).waitFor();
    const command = page.getByRole('listitem').filter({ hasText: 'Unlock connector' });
    await command.getByText('Done').waitFor();

    await row(page, 'TK-000001').getByText('Remotely').waitFor();
    await row(page, 'TK-000001').getByRole('link').first().click();
    const ticket = page.getByRole('dialog');
    await ticket.getByText('Cured', { exact: true }).waitFor();
    await ticket.getByText('Unlock connector').first().waitFor();
    await ticket.getByText('Cured remotely').first().waitFor();
    expect(await ticket.getByRole('heading', { name: 'Work orders' }).count()).toBe(0);
    await page.goto('/units/pile-1');
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('heading', { name: '1 号枪', exact: true }).waitFor();
    expect(await widthOf(page)).toBe(DESK.viewport.width);
    expect(complaints).toEqual([]);
  },
  WAIT_MS,
);

/** A partner that serves everywhere, with a technician and a dispatcher. */
async function openPartner({ api, httpUrl }: TestApp, password: string): Promise<void> {
  const named = { name: 'West Cooling', kind: 'outsourced', timeZone: 'Asia/Shanghai' };
  const centre = await api.post('/centres', named);
  const paper = { centreId: centre.id, skill: 'refrigeration', issuer: 'Training school' };
  const certificate = await api.post('/certificates', paper);
  await api.post('/users', { username: 'gm', displayName: 'Gao', roles: ['gm'], password });
  const signer = await openSession(httpUrl, 'gm', password);
  await signer.post(`/certificates/${certificate.id}/issue`, {});
  const person = { name: 'Zhao Lin', phone: '13900000001', skills: ['refrigeration'], centreId: centre.id };
  await api.post('/technicians', person);
  const account = { displayName: 'West', roles: ['dispatcher'], password };
  const user = await api.post('/users', { username: 'west', ...account });
  await api.post(`/centres/${centre.id}/members`, { userId: user.id });
}

test.skipIf(!isShown)(
  'D8: a partner is shown the work of its centre, up to date, and nothing of what it may not see',
  async () => {
    await using app = await openTestApp();
    const device = await openUnit(app);
    const password = 'correct horse 7';
    await openPartner(app, password);
    await using window = await openPage(app.httpUrl, DESK);
    const { page, complaints } = window;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto('/');
    await signInAs(page, 'west', password);

    await page.getByText('No work order in hand.').waitFor();
    expect(new URL(page.url()).pathname).toBe('/work-orders');
    await device.publish('fault', { code: 'E1', state: 'raised' });
    await row(page, 'WO-000001').getByText('Zhao Lin').waitFor();
    expect(await page.getByRole('tab').allTextContents()).toEqual(['Work orders']);
    expect(await page.locator('.counter-label').allTextContents()).toEqual([
      'Orders in hand',
      'Planned maintenance',
    ]);
    expect(await page.getByRole('status').count()).toBe(0);
    await page.getByRole('link', { name: 'WO-000001' }).click();
    const order = page.getByRole('dialog');
    await order.getByText('1 Harbour Road').waitFor();
    expect(await order.getByRole('link', { name: 'ac-1' }).count()).toBe(0);
    await page.goto('/alarms');
    await row(page, 'WO-000001').waitFor();
    expect(new URL(page.url()).pathname).toBe('/work-orders');
    await page.goto('/units/ac-1');
    await page.getByText('You have no permission to see this.').waitFor();
    const shown = ['/auth/me', '/auth/login', '/work-orders', '/technicians'];
    const calls = asked.filter((path) => path.startsWith('/api/'));
    expect(calls.filter((path) => !shown.some((each) => path.startsWith(`/api/v1${each}`)))).toEqual([]);
    expect(complaints).toEqual([]);
  },
  WAIT_MS,
);

const WIDTHS = [390, 1_024, 1_280, 1_366, 1_440] as const;

/** In the browser: what of a unit's page lies beyond its own column, or is cut off by the one beside it. */
const OUT_OF_PLACE = `(() => {
  const columns = [...document.querySelectorAll('.unit-main, .unit-side')];
  const boxes = columns.map((column) => column.getBoundingClientRect());
  const wrong = [];
  const [main, side] = boxes;
  if (main.right > side.left && main.bottom > side.top) wrong.push('columns overlap');
  if (document.querySelector('.choose-readings').offsetWidth < 280) wrong.push('no room to choose readings');
  columns.forEach((column, index) => {
    const box = boxes[index];
    for (const card of column.querySelectorAll('.ant-card, .choose-readings, .chart, .ant-table-container, a')) {
      const { left, right } = card.getBoundingClientRect();
      if (left < box.left - 1 || right > box.right + 1) wrong.push(card.className + card.textContent.slice(0, 40));
    }
  });
  return wrong;
})()`;

test.skipIf(!isShown)(
  "a unit's page fits whatever the window: no column lies over another, no link is cut off",
  async () => {
    await using app = await openTestApp();
    const device = await openSite(app);
    await device.publish('fault', { code: 'E1', state: 'raised' });
    await using window = await openPage(app.httpUrl, DESK);
    const { page } = window;
    await page.goto('/units/ac-1');
    await signIn(page, app);
    await row(page, 'WO-000001').waitFor();
    await expectLine(page);
    for (const language of ['English', '中文']) {
      await page.getByRole('button', { name: language }).click();
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        await eventually(async () => {
          expect(await page.evaluate<string[]>(OUT_OF_PLACE), `${language} ${width}`).toEqual([]);
          expect(await widthOf(page), `${language} ${width}`).toBe(width);
        });
      }
    }
  },
  WAIT_MS,
);

test.skipIf(!isShown)(
  'O1: a technician is shown what they may see, and asks for nothing else',
  async () => {
    await using app = await openTestApp();
    const device = await openSite(app);
    await device.publish('fault', { code: 'E1', state: 'raised' });
    const password = 'correct horse 7';
    await app.api.post('/users', { username: 'wu', displayName: 'Wu', roles: ['technician'], password });
    await using window = await openPage(app.httpUrl, DESK);
    const { page, complaints } = window;
    await page.goto('/alarms');
    await signInAs(page, 'wu', password);

    await row(page, 'ac-1').getByText('Unacknowledged').waitFor();
    expect(await page.getByRole('button', { name: 'Acknowledge' }).count()).toBe(0);
    await page.getByRole('tab', { name: 'Work orders' }).click();
    await page.getByText('No work order in hand.').waitFor();
    await page.goto('/units/ac-1');
    await expectLine(page);
    await page.getByText('1.24 kW').first().waitFor();
    expect(complaints).toEqual([]);
  },
  WAIT_MS,
);
