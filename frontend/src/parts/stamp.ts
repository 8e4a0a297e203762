const LONGEST_SIDE = 2048;

/**
 * A photo with time, place and what it is about written along its foot, at most 2048 pixels wide, as JPEG.
 * What the browser cannot decode comes back as it is.
 */
export async function stamped(file: File, taken: Date, lines: string[]): Promise<File> {
  if (!/^image\/(jpeg|png|webp)$/.test(file.type)) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const context = canvas.getContext("2d");
    if (!context) return file;
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const words = [moment(taken), ...lines.filter(Boolean)];
    const size = Math.max(12, Math.round(canvas.width / 36));
    const band = size * 1.45 * words.length + size * 0.6;
    context.fillStyle = "rgba(0, 0, 0, 0.55)";
    context.fillRect(0, canvas.height - band, canvas.width, band);
    context.fillStyle = "#fff";
    context.font = `${size}px "Noto Sans SC", sans-serif`;
    context.textBaseline = "top";
    words.forEach((text, row) => context.fillText(text, size * 0.6, canvas.height - band + size * 0.4 + row * size * 1.45, canvas.width - size));
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.86));
    if (!blob) return file;
    return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg", lastModified: taken.getTime() });
  } catch {
    return file;
  }
}

/** 2026-03-01 09:05:07, as the device tells the time. */
export function moment(when: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return (
    `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())} ` +
    `${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}`
  );
}
