// Reads a QR code with the camera, where the browser can.

const everyMs = 200;

// Looks until accept(text) gives something; resolves to that, or to nothing when somebody cancels.
export async function scan(accept) {
  let found, stream;
  const reader = new BarcodeDetector({ formats: ['qr_code'] });
  const closed = confirmed('d-scan');
  const dialog = document.body.lastElementChild, video = one('video', dialog);
  const words = (text) => fill(dialog, { words: text });
  const look = async () => {
    if (!dialog.isConnected) return;
    const codes = await reader.detect(video).catch(() => []);
    found = codes.map((code) => accept(code.rawValue)).find(Boolean);
    if (found) return dialog.close();
    if (codes.length) words('This is another code.');
    setTimeout(look, everyMs);
  };
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
    video.srcObject = stream;
    await video.play();
    look();
  } catch (error) {
    words(error.name === 'NotAllowedError' ? 'This page may not use the camera. Allow it in the browser\'s settings, or type instead.'
      : 'The camera cannot be used. Type instead.');
  }
  await closed;
  for (const track of stream?.getTracks() ?? []) track.stop();
  return found;
}
