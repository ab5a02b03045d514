import { CognitoIdentityProviderClient, InitiateAuthCommand } from '@aws-sdk/client-cognito-identity-provider';
const cognito = new CognitoIdentityProviderClient({});
export const handler = async (event) => {
  const { user, password } = JSON.parse(event.body);
  const r = await cognito.send(new InitiateAuthCommand({ ClientId: process.env.CLIENT_ID, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters: { USERNAME: user, PASSWORD: password } }));
  return { statusCode: 200, body: JSON.stringify({ token: r.AuthenticationResult.IdToken }) };
};
