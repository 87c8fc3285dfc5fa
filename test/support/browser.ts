import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { isInstalled } from './installed.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

function findChromium(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => existsSync(path)) ?? 'chromium';
}

/** Whether tests that need a browser run; says so where they do not. */
export function hasBrowser(): boolean {
  return isInstalled(findChromium(), 'chromium');
}

/** One person's browser window. */
export interface TestPage extends AsyncDisposable {
  readonly page: Page;
  /** What a person would call broken: errors in the console, refused content, requests to other hosts. */
  readonly complaints: readonly string[];
}

export async function openPage(url: string, options: BrowserContextOptions = {}): Promise<TestPage> {
  const isRoot = process.getuid?.() === 0;
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: isRoot ? ['--no-sandbox'] : [],
  });
  const context = await browser.newContext({ baseURL: url, ...options });
  const page = await context.newPage();
  const complaints = listen(page, new URL(url).host);
  return { page, complaints, [Symbol.asyncDispose]: () => browser.close() };
}

function listen(page: Page, host: string): readonly string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const target = new URL(request.url());
    if (target.protocol.startsWith('http') && target.host !== host) complaints.push(`asks ${target.host}`);
  });
  return complaints;
}
