-- A session keeps which browser on which system opened it, and of its `User-Agent` nothing else, which told people
-- apart. Those that are open already are told as well as it goes here.
UPDATE session SET device = CASE
  WHEN device GLOB 'impersonated by usr_??????????????????????????' THEN device
  ELSE CASE
    WHEN instr(device, 'Edg') THEN 'Edge'
    WHEN instr(device, 'SamsungBrowser/') THEN 'Samsung Internet'
    WHEN instr(device, 'Firefox/') OR instr(device, 'FxiOS/') THEN 'Firefox'
    WHEN instr(device, 'Chrome/') OR instr(device, 'CriOS/') THEN 'Chrome'
    WHEN instr(device, 'Safari/') THEN 'Safari'
    ELSE 'something'
  END || CASE
    WHEN instr(device, 'Windows') THEN ' on Windows'
    WHEN instr(device, 'Android') THEN ' on Android'
    WHEN instr(device, 'iPhone') THEN ' on iOS'
    WHEN instr(device, 'iPad') THEN ' on iPadOS'
    WHEN instr(device, 'Mac OS X') THEN ' on macOS'
    WHEN instr(device, 'Linux') THEN ' on Linux'
    ELSE ''
  END
END;

UPDATE session SET device = 'something unknown' WHERE device = 'something';
