// The camera, as far as there is one: Chromium's own test picture.
import {expect, test} from '@playwright/test';
import config from '../playwright.config';
import {box, open, settled, track} from './page';
import {serve} from './server';

const {executablePath, args} = config.use!.launchOptions! as {executablePath: string; args: string[]};
test.use({launchOptions: {executablePath, args: [...args, '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']}});

test('a recording of the camera is opened and tracked', async ({page}) => {
  const served = await serve(true);
  await open(page, served);
  await page.getByRole('button', {name: 'The camera'}).click();
  await page.getByRole('button', {name: 'Record', exact: true}).click();
  await page.getByRole('button', {name: /Stop after [12] s/}).click();
  await page.waitForFunction(() => window.ttvos.picture);
  await settled(page);
  const {name, count} = await page.evaluate(() => ({name: window.ttvos.source!.name, count: window.ttvos.source!.times.length}));
  expect(name).toMatch(/^camera\./);
  expect(count).toBeGreaterThan(3);
  await page.getByRole('button', {name: 'Add', exact: true}).click();
  await box(page, [200, 120, 200, 200]);
  await track(page);
  expect(await page.evaluate(() => window.ttvos.masks.size)).toBe(count);
  await page.close();
  await served.close();
});
