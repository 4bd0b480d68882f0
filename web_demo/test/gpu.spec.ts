// A GPU as far as there is one: Chromium's own, which computes in software (SwiftShader), seconds a step.
import {readFileSync} from 'node:fs';
import {expect, test} from '@playwright/test';
import config from '../playwright.config';
import {box, give, open, settled, track} from './page';
import {input, serve} from './server';

const {executablePath, args} = config.use!.launchOptions! as {executablePath: string; args: string[]};
test.use({launchOptions: {
  executablePath, args: [...args.filter((arg) => arg !== '--disable-gpu'), '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'],
}});

test('a GPU is offered after the self-check, used, and left again; one that finds other masks is refused', async ({page}) => {
  test.setTimeout(1500000);
  let wrong: Buffer | null = null;
  const served = await serve(true, (path) => (/selfcheck\/.*_int8\.png$/.test(path) ? wrong : null));
  await open(page, served);
  await give(page, 'folder', input('images'));
  await page.getByRole('button', {name: 'Add', exact: true}).click();
  await box(page, [111, 320, 226, 91]);
  await track(page);
  const area = () => page.evaluate(() => window.ttvos.labels(4).filter((label) => label).length);
  const kind = () => page.evaluate(() => [window.ttvos.state, window.ttvos.engine!.kind]);
  const processor = await area(), about = page.getByRole('dialog');
  await page.getByRole('button', {name: 'About'}).click();

  await test.step('other masks', async () => {
    wrong = readFileSync(input('wrong_check.png'));
    await about.getByRole('button', {name: 'Try this machine’s GPU'}).click();
    await settled(page);
    await expect(about).toContainText(/Not used\. masks of a stored frame are not those that they should be \(IoU 0\.\d+, 0.98 asked\)/);
    wrong = null;
  });

  await test.step('stopped', async () => {
    await about.getByRole('button', {name: 'Try again'}).click();
    await about.getByRole('button', {name: 'Stop'}).click();
    await settled(page);
    await expect(about).toContainText(/Not used\. (It was stopped|The engine does not start)/);
    expect(await kind()).toEqual(['ready', 'threaded']);
  });

  await test.step('right masks', async () => {
    await about.getByRole('button', {name: 'Try again'}).click();
    await settled(page);
    await expect(about).toContainText(/It passed the self-check \(IoU (0\.9[89]\d\d|1\.0000)\)\. A step takes it \d+ ms, and the processor [\d.]+ ms\./);
    expect(await kind()).toEqual(['ready', 'threaded']);
    await about.getByRole('button', {name: 'Use the GPU'}).click();
    await settled(page);
    await expect(about).toContainText('WebGPU and WebAssembly');
    await page.keyboard.press('Escape');
    await page.getByLabel('Frame', {exact: true}).fill('3'); // each step takes seconds
    await page.waitForFunction(() => window.ttvos.index === 3);
    await track(page, 'Track on from here');
    expect(await page.evaluate(() => [window.ttvos.engine!.kind, window.ttvos.times.length])).toEqual(['gpu', 2]);
    expect(await area() / processor).toBeCloseTo(1, 1);
  });

  await test.step('another network runs on the processor', async () => {
    await page.getByLabel('Network').selectOption('mobilenet_v2_240x432_float16');
    await settled(page);
    expect(await kind()).toEqual(['ready', 'threaded']);
    await page.keyboard.press('Home');
    await track(page);
  });
  await page.close();
  await served.close();
});
