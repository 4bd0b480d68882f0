// A short run in Firefox: the self-check, and both objects of the sample clip followed, with the masks that Chromium has.
import {expect, test} from '@playwright/test';
import {Firefox} from './marionette';
import {serve} from './server';

test('Firefox follows the sample clip', async () => {
  test.setTimeout(180000);
  const served = await serve(true), firefox = await Firefox.start();
  try {
    await firefox.open(`${served.url}?debug`);
    const seen = await firefox.run<{state: string; problem: string; iou: number; masks: number; areas: number[]; fates: string[]}>(`
      const until = async (test) => { while (!test()) await new Promise((resolve) => setTimeout(resolve, 100)); };
      await until(() => window.ttvos && window.ttvos.state !== 'loading' && !window.ttvos.busy);
      const page = window.ttvos;
      if (page.state === 'ready') {
        await page.openUrl('input/clip40.webm', [{name: 'Car', box: [111, 320, 226, 91]}, {name: 'Balloon', box: [553, 42, 104, 138]}]);
        await page.track(true);
      }
      const areas = [1, 2].map((id) => page.masks.size ? page.labels(39).filter((label) => label === id).length : 0);
      const fates = [...new Set([...page.fates.values()].flatMap((each) => [...each.values()]))];
      return {state: page.state, problem: page.problem, iou: page.check?.iou, masks: page.masks.size, areas, fates};`);
    expect(seen).toMatchObject({state: 'ready', problem: '', masks: 40, fates: ['here']});
    expect(seen.iou).toBeGreaterThan(0.98);
    expect(seen.areas[0]).toBeGreaterThan(15000);
    expect(seen.areas[1]).toBeGreaterThan(5000);
  } finally {
    firefox.close();
    await served.close();
  }
});
