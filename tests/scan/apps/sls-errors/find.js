exports.handler = async (event) => {
  try {
    return { statusCode: 200, body: JSON.stringify(event.pathParameters.id) };
  } catch (error) {
    return { statusCode: 500, body: JSON.stringify({ stack: error.stack }) };
  }
};
